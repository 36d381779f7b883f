/** The steps of a stage, each by the key that makes it one of its kind. */
import {z} from 'zod'
import {
  argument,
  choosing,
  env,
  mode,
  name,
  number,
  origin,
  placing,
  scalar,
  shell,
  size,
  strings,
  text,
  textOrList,
  truth,
  unpack,
} from './schema-parts.js'

export const mountSchema = z
  .strictObject(
    {
      type: z
        .enum(['bind', 'cache', 'tmpfs', 'secret', 'ssh'], {error: 'should be bind, cache, tmpfs, secret or ssh'})
        .meta({description: 'What is shown. Default: bind.', examples: ['cache']})
        .optional(),
      target: text('Where: relative to `workdir`. Variables are filled in.', '/root/.cache').optional(),
      from: origin(
        'bind, cache: the stage or image that `source` is in. Without it: the build context, or an empty cache.',
      ).optional(),
      source: text('bind, cache: the path in it. Default: all of it.', '/src').optional(),
      readonly: truth(
        'bind (where it is the default), cache: nothing can be written. What is written to a bind is dropped.',
      ).optional(),
      id: text('cache, secret, ssh: the name of what is shown.', 'token').optional(),
      sharing: z
        .enum(['shared', 'private', 'locked'], {error: 'should be shared, private or locked'})
        .meta({description: 'cache: how builds at the same time share it. Default: shared.', examples: ['locked']})
        .optional(),
      size: text('tmpfs: the most it may hold.', '512m').optional(),
      env: name.meta({description: 'secret: the variable that holds it.', examples: ['TOKEN']}).optional(),
      required: truth('secret, ssh: without it the build fails.').optional(),
      uid: number('cache, secret: owner.', 1000).optional(),
      gid: number('cache, secret: group.', 1000).optional(),
      mode: mode('cache, secret: mode.').optional(),
    },
    {error: 'should be a map such as {type: cache, target: /root/.cache}'},
  )
  .meta({
    title: 'mount',
    description: 'Something that is there for one command alone, as `RUN --mount` has it.',
    examples: [{type: 'cache', target: '/root/.cache'}],
  })

const runStep = z
  .strictObject({
    run: textOrList(
      'A command: a text for the shell, or a list for none. It sees `args` and `env` as variables; nothing is filled in beforehand.',
      'make -j4',
      ['make', '-j4'],
    ),
    script: z
      .string()
      .regex(/^[^/\0\n]+$/, {error: 'should be a file name without "/"'})
      .meta({
        description: 'The text starts with #! and is run as a file of this name, /dev/pipes/NAME, instead of by the shell.',
        examples: ['setup.py'],
      })
      .optional(),
    mounts: z
      .array(mountSchema, {error: 'should be a list of mounts'})
      .meta({description: 'What is there for this command alone.', examples: [[{type: 'cache', target: '/root/.cache'}]]})
      .optional(),
    network: z
      .enum(['default', 'none', 'host'], {error: 'should be default, none or host'})
      .meta({description: 'The network of the command.', examples: ['none']})
      .optional(),
    insecure: truth('Without a sandbox (`RUN --security=insecure`).').optional(),
  })
  .meta({title: 'run', description: 'Runs a command in the image.', examples: [{run: 'make hello'}]})

const copyStep = z
  .strictObject({
    copy: textOrList(
      'What is copied: paths of the build context, or with `from` of another stage or image. Patterns are `*`, `?` and `[a-z]`, as in a Dockerfile. Variables are filled in.',
      'hello.c',
      ['hello.c', 'Makefile'],
      '/src/hello',
    ),
    from: origin('The stage to copy out of, by name; {image: REFERENCE} for an image. Without it: the build context.').optional(),
    ...placing,
    ...choosing,
    unpack: unpack.optional(),
    expect: z
      .strictObject(
        {
          kind: z
            .enum(['file', 'directory', 'symlink'], {error: 'should be file, directory or symlink'})
            .meta({description: 'What it has to be, links followed unless a link is wanted.', examples: ['file']})
            .optional(),
          executable: truth('Whether it has to be a program that can run.').optional(),
          'min-size': size('The least number of bytes, of a folder with all in it.', '10 kB').optional(),
          'max-size': size('The largest number of bytes, of a folder with all in it.', '200 MB').optional(),
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, {error: 'should be the 64 digits of a sha256'})
            .meta({
              description: 'The digest of a file.',
              examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
            })
            .optional(),
          arch: text('The architecture that a program has to be made for.', 'amd64', 'arm64').optional(),
          libraries: strings
            .meta({description: 'Libraries that a program has to be linked with; `*` is any text.', examples: [['libmpi.so.*']]})
            .optional(),
          static: truth('Whether a program has to be linked statically.').optional(),
        },
        {error: 'should be a map such as {kind: file, executable: true}'},
      )
      .meta({
        description: 'What the copied thing has to be. That it has to exist needs no words.',
        examples: [{kind: 'file', executable: true}],
      })
      .optional(),
  })
  .meta({
    title: 'copy',
    description: 'Brings files in.',
    examples: [{copy: '/src/hello', from: 'compiler', to: '/usr/local/bin/'}],
  })

const addStep = z
  .strictObject({
    add: z
      .union(
        [
          z.string().meta({type: scalar}),
          z.strictObject(
            {
              git: text('The repository.', 'https://example.org/hello.git'),
              ref: text('A branch, a tag or a commit.', 'v2.3').optional(),
              folder: text('A folder in it.', 'src').optional(),
              'keep-git-dir': truth('Keep its .git folder.').optional(),
              submodules: truth('Fetch its submodules too, which is the default.').optional(),
            },
            {error: 'should be a URL, or {git: REPOSITORY}'},
          ),
        ],
        {error: 'should be a URL, or {git: REPOSITORY}'},
      )
      .meta({
        description: 'What is fetched: the URL of a file, or a git repository. Variables are filled in.',
        examples: ['https://example.org/hello-2.3.tar.gz', {git: 'https://example.org/hello.git', ref: 'v2.3'}],
      }),
    ...placing,
    ...choosing,
    checksum: text('What the file has to be (sha256:…), or the commit.', 'sha256:…').optional(),
    unpack: unpack.optional(),
  })
  .meta({
    title: 'add',
    description: 'Fetches a file or a repository, as ADD does.',
    examples: [{add: 'https://example.org/hello-2.3.tar.gz', to: '/src/', unpack: 'always'}],
  })

const writeStep = z
  .strictObject({
    write: z
      .union(
        [
          z.string().meta({type: scalar}),
          z.record(
            z.string().regex(/^(?!\.{1,2}$)[^/\0]+$/, {error: 'should be a file name without "/"'}),
            z.string({error: 'should be a text'}).meta({type: scalar}),
          ),
        ],
        {error: 'should be a text, or a map from file names to texts'},
      )
      .meta({
        description: 'The content of a file, kept as it is; or several files of one folder, by name.',
        examples: ['#!/bin/sh\nexec hello "$@"\n', {'a.conf': 'a = 1\n'}],
      }),
    expand: truth('Fill variables in; a backslash takes the next character as it is.').optional(),
    ...placing,
    ...choosing,
  })
  .meta({
    title: 'write',
    description: 'Writes a file whose text stands right here.',
    examples: [{write: 'port = 80\n', to: '/etc/app.conf'}],
  })

const envStep = z
  .strictObject({env})
  .meta({title: 'env', description: 'Sets variables from here on.', examples: [{env: {LANG: 'C.UTF-8'}}]})

const argStep = z
  .strictObject({
    arg: z.record(name, argument, {error: 'should be a map from names to default values'}).meta({
      description: 'Build arguments from here on, with their defaults; --build-arg overrides. They are not kept in the image.',
      examples: [{VERSION: '2.3'}],
    }),
  })
  .meta({title: 'arg', description: 'Declares build arguments for the rest of the stage.', examples: [{arg: {VERSION: '2.3'}}]})

const workdirStep = z
  .strictObject({workdir: text('The folder for later steps, made if it is missing; relative to the one before.', '/src')})
  .meta({title: 'workdir', description: 'Changes the working folder.', examples: [{workdir: '/src'}]})

const userStep = z
  .strictObject({user: text('The user for later `run` steps and for the finished image, `user[:group]`.', 'app', '1000:1000')})
  .meta({title: 'user', description: 'Changes the user.', examples: [{user: 'app'}]})

const shellStep = z
  .strictObject({shell})
  .meta({title: 'shell', description: 'Changes the shell of later `run` texts.', examples: [{shell: ['/bin/bash', '-c']}]})

/** By the key that makes a step one of its kind. */
export const stepSchemas = {
  run: runStep,
  copy: copyStep,
  add: addStep,
  write: writeStep,
  env: envStep,
  arg: argStep,
  workdir: workdirStep,
  user: userStep,
  shell: shellStep,
} as const

export const stepSchema = z
  .union([runStep, copyStep, addStep, writeStep, envStep, argStep, workdirStep, userStep, shellStep])
  .meta({
    title: 'step',
    description: 'One action. Steps run in order.',
  })
