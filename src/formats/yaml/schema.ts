/**
 * The language of descriptions, said once: the reader validates with it, and `sifstage schema` prints it as JSON
 * Schema. The reader takes every scalar as the text it is written as, so that `2.10` stays `2.10` and `0755`
 * stays `0755`; hence numbers and truth values are texts here and have their JSON type in `meta` only.
 *
 * An `error` completes a sentence that starts with the key it is about.
 */
import {z} from 'zod'

const scalar = ['string', 'number', 'boolean']

/** A text; numbers and truth values are taken as they are written. */
function text(description: string, ...examples: unknown[]) {
  return z.string({error: 'should be a text'}).meta({type: scalar, description, examples})
}

const name = z.string().regex(/^[^\s=\0]+$/, {error: 'should be a name without blanks and "="'})

const strings = z.array(z.string({error: 'should be a text'}).meta({type: scalar}), {error: 'should be a list of texts'})

function values(description: string, ...examples: unknown[]) {
  return z
    .record(name, z.string({error: 'should be a text; an empty one is written ""'}).meta({type: scalar}), {
      error: 'should be a map from names to texts',
    })
    .meta({description, examples})
}

function textOrList(description: string, ...examples: unknown[]) {
  return z
    .union([z.string().meta({type: scalar}), strings], {error: 'should be a text or a list of texts'})
    .meta({description, examples})
}

const shell = strings.min(1, {error: 'should name at least the program'}).meta({
  description: 'The program that later `run` texts are handed to as one last argument. Default: [/bin/sh, -c].',
  examples: [['/bin/bash', '-o', 'pipefail', '-c']],
})

const env = values('Variables for the steps below and for the finished image. All values are filled in before any is set.', {
  PATH: '/opt/bin:${PATH}',
})

const image = z
  .strictObject(
    {image: text('An image that is not a stage. Variables of `args` are filled in.', 'docker://busybox:1.36')},
    {error: 'should be the name of a stage, or {image: REFERENCE}'},
  )
  .meta({description: 'Copy out of another image.', examples: [{image: 'docker://busybox'}]})

const placing = {
  to: text(
    'Where it goes: relative to `workdir`; a "/" at the end means "into this folder". Variables are filled in.',
    '/usr/local/bin/',
    './',
  ),
  chown: text('Owner, `user[:group]`, by name in the image or by number.', 'app:app', 1000).optional(),
  chmod: text('Mode, octal or symbolic.', '0755', 'u+x').optional(),
}

const runStep = z
  .strictObject({
    run: textOrList(
      'A command: a text for the shell, or a list for none. It sees `args` and `env` as variables; nothing is filled in beforehand.',
      'make -j4',
      ['make', '-j4'],
    ),
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
    from: z
      .union([z.string().meta({type: scalar}), image], {error: 'should be the name of a stage, or {image: REFERENCE}'})
      .meta({
        description: 'The stage to copy out of, by name; {image: REFERENCE} for an image. Without it: the build context.',
        examples: ['compiler', {image: 'docker://busybox'}],
      })
      .optional(),
    ...placing,
    expect: z
      .strictObject(
        {
          kind: z
            .enum(['file', 'directory', 'symlink'], {error: 'should be file, directory or symlink'})
            .meta({description: 'What it has to be, links followed unless a link is wanted.', examples: ['file']})
            .optional(),
          executable: z
            .enum(['true', 'false'], {error: 'should be true or false'})
            .meta({
              type: 'boolean',
              enum: [true, false],
              description: 'Whether it has to be a program that can run.',
              examples: [true],
            })
            .optional(),
        },
        {error: 'should be a map with kind or executable'},
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
    ...placing,
  })
  .meta({
    title: 'write',
    description: 'Writes a file whose text stands right here.',
    examples: [{write: 'port = 80\n', to: '/etc/app.conf'}],
  })

const envStep = z
  .strictObject({env})
  .meta({title: 'env', description: 'Sets variables from here on.', examples: [{env: {LANG: 'C.UTF-8'}}]})

const argument = z.string({error: 'should be a text, or nothing'}).meta({type: scalar}).nullable()

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
  write: writeStep,
  env: envStep,
  arg: argStep,
  workdir: workdirStep,
  user: userStep,
  shell: shellStep,
} as const

export const stepSchema = z.union([runStep, copyStep, writeStep, envStep, argStep, workdirStep, userStep, shellStep]).meta({
  title: 'step',
  description: 'One action. Steps run in order.',
})

export const stageSchema = z
  .strictObject({
    from: z
      .union(
        [
          z.string().meta({type: scalar}),
          z.strictObject({stage: text('The name of another stage.', 'base')}, {error: 'should be {stage: NAME}'}),
        ],
        {error: 'should be a text, or {stage: NAME}'},
      )
      .meta({
        description:
          'What the stage starts from: an image (docker://…, oras://…, library://…; a bare name is a docker image), a file (./base.sif, oci:FOLDER, oci-archive:FILE, docker-archive:FILE), scratch, or another stage. Variables of `args` are filled in.',
        examples: ['docker://debian:12', './base.sif', 'scratch', {stage: 'base'}],
      }),
    platform: text('The platform of the base image.', 'linux/amd64').optional(),
    shell: shell.optional(),
    steps: z
      .array(stepSchema, {error: 'should be a list of steps'})
      .meta({description: 'What is done, in order.', examples: [[{run: 'make'}]]})
      .optional(),
    env: values('Variables of the finished image only; no step sees them.', {LANG: 'C.UTF-8'}).optional(),
    labels: values('Labels of the finished image.', {'org.opencontainers.image.title': 'hello'}).optional(),
    entrypoint: textOrList('What the image runs: a text for the shell, or a list. An empty list clears that of the base.', [
      '/usr/local/bin/hello',
    ]).optional(),
    cmd: textOrList('Arguments of `entrypoint`, or what to run without one.', ['--help']).optional(),
    test: text('Shell text that has to succeed in the finished image.', 'hello --self-test').optional(),
    help: text('What people are told about the image.', 'Says hello.').optional(),
  })
  .meta({
    title: 'stage',
    description: 'A base and what is done to it. Everything means what it means in a Dockerfile.',
    examples: [{from: 'docker://debian:12', steps: [{run: 'apt-get update'}]}],
  })

const sectionNames = [
  'help',
  'setup',
  'files',
  'labels',
  'environment',
  'pre',
  'post',
  'runscript',
  'test',
  'startscript',
  'arguments',
  'appinstall',
  'applabels',
  'appfiles',
  'appenv',
  'apptest',
  'apphelp',
  'apprun',
  'appstart',
] as const

const sectionSchema = z
  .strictObject({
    section: z
      .enum(sectionNames, {error: `should be one of ${sectionNames.join(', ')}`})
      .meta({description: 'The name of the section, without "%".', examples: ['post']}),
    arguments: text('The words behind the name.', 'from compiler', '-c /bin/bash').optional(),
    text: text('The lines below it.', 'make install\n').optional(),
  })
  .meta({title: 'section', description: 'A section of a definition file.', examples: [{section: 'post', text: 'make install\n'}]})

export const definitionStageSchema = z
  .strictObject({
    rules: z
      .literal('def', {error: 'should be def'})
      .meta({description: 'This stage means what Apptainer means by a definition file.', examples: ['def']}),
    definition: z
      .strictObject(
        {
          header: z
            .record(
              z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, {error: 'should be a header key'}),
              z.string({error: 'should be a text'}).meta({type: scalar}),
              {
                error: 'should be a map from header keys to texts',
              },
            )
            .meta({description: 'The header, `bootstrap` among its keys.', examples: [{bootstrap: 'docker', from: 'debian:12'}]}),
          sections: z
            .array(sectionSchema, {error: 'should be a list of sections'})
            .meta({description: 'The sections, in order.', examples: [[{section: 'post', text: 'make install\n'}]]})
            .optional(),
        },
        {error: 'should be a map with header and sections'},
      )
      .meta({
        description: 'The stage as it stands in a definition file.',
        examples: [{header: {bootstrap: 'docker', from: 'debian:12'}, sections: []}],
      }),
  })
  .meta({
    title: 'definition stage',
    description: 'A stage taken from a definition file, kept in its own language.',
    examples: [{rules: 'def', definition: {header: {bootstrap: 'docker', from: 'debian:12'}, sections: []}}],
  })

export const stageName = z
  .string()
  .regex(/^[^\x00-\x1f\x7f]+$/, {error: 'is no name for a stage: it is empty or holds control characters'})

export const descriptionSchema = z
  .strictObject(
    {
      $schema: text('The JSON Schema, for editors.', './sifstage.schema.json').optional(),
      sifstage: z
        .literal('1', {error: 'should be 1, the version of this language'})
        .meta({type: 'integer', const: 1, description: 'Version of this language.', examples: [1]}),
      args: z
        .record(name, argument, {error: 'should be a map from names to default values'})
        .meta({
          description:
            'Build arguments of all stages, with their defaults. --build-arg overrides; nothing for a value means there is no default. A later one may use those before it.',
          examples: [{VERSION: '2.3', TOKEN: null}],
        })
        .optional(),
      stages: z
        .record(stageName, z.union([stageSchema, definitionStageSchema]), {error: 'should be a map from names to stages'})
        .meta({
          description: 'The stages by name. Any stage may use any other, whatever their order.',
          examples: [{final: {from: 'docker://debian:12'}}],
        }),
      target: text('The stage whose image is wanted. Default: the last one.', 'final').optional(),
    },
    {error: 'should be a map with "sifstage" and "stages"'},
  )
  .meta({
    title: 'A sifstage description',
    description: 'Stages, what each does, and what is copied from one to another.',
    examples: [{sifstage: 1, stages: {final: {from: 'docker://debian:12', steps: [{run: 'apt-get update'}]}}}],
  })

export type StageInput = z.infer<typeof stageSchema>
export type DefinitionStageInput = z.infer<typeof definitionStageSchema>
export type StepInput = z.infer<typeof stepSchema>

/** What `sifstage schema` prints. */
export function descriptionJsonSchema(): unknown {
  return z.toJSONSchema(descriptionSchema, {io: 'input', target: 'draft-2020-12'})
}
