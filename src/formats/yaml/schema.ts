/**
 * The language of descriptions, said once: the reader validates with it, and `sifstage schema` prints it as JSON
 * Schema. The reader takes every scalar as the text it is written as, so that `2.10` stays `2.10` and `0755`
 * stays `0755`; hence numbers and truth values are texts here and have their JSON type in `meta` only.
 *
 * An `error` completes a sentence that starts with the key it is about.
 */
import {z} from 'zod'
import {definitionStageSchema} from './schema-definition.js'
import {
  argument,
  engine,
  labels,
  name,
  number,
  scalar,
  shell,
  stageOnly,
  strings,
  text,
  textOrList,
  values,
} from './schema-parts.js'
import {stepSchema} from './schema-steps.js'

export {definitionStageSchema} from './schema-definition.js'
export {mountSchema, stepSchemas} from './schema-steps.js'

/** What a stage starts from. */
const base = z.union([z.string().meta({type: scalar}), stageOnly], {error: 'should be a text, or {stage: NAME}'})

export const stageSchema = z
  .strictObject({
    from: base.meta({
      description:
        'What the stage starts from: an image (docker://…, oras://…, library://…; a bare name is a docker image), a file (./base.sif, oci:FOLDER, oci-archive:FILE, docker-archive:FILE), scratch, or another stage. Variables of `args` are filled in.',
      examples: ['docker://debian:12', './base.sif', 'scratch', {stage: 'base'}],
    }),
    platform: text('The platform of the base image.', 'linux/amd64').optional(),
    engine: engine.optional(),
    shell: shell.optional(),
    steps: z
      .array(stepSchema, {error: 'should be a list of steps'})
      .meta({description: 'What is done, in order.', examples: [[{run: 'make'}]]})
      .optional(),
    env: values('Variables of the finished image only; no step sees them.', {LANG: 'C.UTF-8'}).optional(),
    labels: labels('Labels of the finished image.', {'org.opencontainers.image.title': 'hello'}).optional(),
    entrypoint: textOrList('What the image runs: a text for the shell, or a list. An empty list clears that of the base.', [
      '/usr/local/bin/hello',
    ]).optional(),
    cmd: textOrList('Arguments of `entrypoint`, or what to run without one.', ['--help']).optional(),
    expose: strings
      .meta({description: 'Ports that it listens at. Variables are filled in.', examples: [['80', '53/udp']]})
      .optional(),
    volumes: strings.meta({description: 'Folders for data. Variables are filled in.', examples: [['/data']]}).optional(),
    'stop-signal': text('The signal that ends it.', 'SIGINT').optional(),
    healthcheck: z
      .union(
        [
          z.literal('none'),
          z.strictObject(
            {
              test: textOrList('The command: a text for the shell, or a list.', 'curl -f http://localhost/'),
              interval: text('Time between two of them.', '30s').optional(),
              timeout: text('Time one may take.', '5s').optional(),
              'start-period': text('Time before failures count.', '1m').optional(),
              'start-interval': text('Time between two of them until then.', '5s').optional(),
              retries: number('How many have to fail.', 3).optional(),
            },
            {error: 'should be none, or a map with test'},
          ),
        ],
        {error: 'should be none, or a map with test'},
      )
      .meta({
        description: 'How to see whether it is well; none clears that of the base.',
        examples: [{test: 'true', interval: '30s'}],
      })
      .optional(),
    maintainer: text('Who looks after it. A label says it better.', 'me@example.org').optional(),
    onbuild: strings
      .meta({
        description:
          'Dockerfile instructions for images that start from the finished one. No stage of this description carries them out.',
        examples: [['RUN make']],
      })
      .optional(),
    test: text('Shell text that has to succeed in the finished image.', 'hello --self-test').optional(),
    help: text('What people are told about the image.', 'Says hello.').optional(),
  })
  .meta({
    title: 'stage',
    description: 'A base and what is done to it. Everything means what it means in a Dockerfile.',
    examples: [{from: 'docker://debian:12', steps: [{run: 'apt-get update'}]}],
  })

export const includeSchema = z
  .strictObject({
    file: text('A Dockerfile or a definition file in the build context.', 'deps/boost/Dockerfile'),
    stage: text(
      'The stage of it that is meant. Default: its last one. The stages that this one needs come along.',
      'final',
    ).optional(),
    from: base
      .meta({
        description:
          'What it stands on instead: the FROM lines of a Dockerfile that name $BASE_IMAGE; without them those that have the variable of its first FROM, else the first FROM.',
        examples: [{stage: 'environment'}],
      })
      .optional(),
    args: z
      .record(name, z.string({error: 'should be a text'}).meta({type: scalar}), {error: 'should be a map from names to values'})
      .meta({description: 'Its build arguments. Variables of `args` are filled in.', examples: [{VERSION: '1.2'}]})
      .optional(),
    engine: engine.optional(),
    images: z
      .record(z.string(), stageOnly, {error: 'should be a map from images to {stage: NAME}'})
      .meta({
        description:
          'Images that the file names and that are stages here: what its FROM lines and its copies name, or the From of a definition file.',
        examples: [{'registry.example/project/boost:1.2': {stage: 'boost'}, './base.sif': {stage: 'base'}}],
      })
      .optional(),
    copies: z
      .record(
        z.string(),
        z.strictObject(
          {
            stage: text('The stage that makes it.', 'build'),
            path: text('Where it is in the image of that stage.', '/src/app'),
          },
          {error: 'should be {stage: NAME, path: PATH}'},
        ),
        {error: 'should be a map from paths to {stage: NAME, path: PATH}'},
      )
      .meta({
        description:
          'Paths of its context that a Dockerfile copies and that another stage makes: they are copied from that stage, as if somebody had put them there. A "/" at the end says that it is a folder.',
        examples: [{app: {stage: 'build', path: '/src/app'}}],
      })
      .optional(),
    context: text(
      'The folder of the build context that its copies are relative to. Default: the one that the Dockerfile lies in.',
      '.',
    ).optional(),
  })
  .meta({
    title: 'included stage',
    description: 'A stage of another file.',
    examples: [{file: 'deps/boost/Dockerfile', from: {stage: 'environment'}}],
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
        .record(stageName, z.union([stageSchema, includeSchema, definitionStageSchema]), {
          error: 'should be a map from names to stages',
        })
        .meta({
          description: 'The stages by name. Any stage may use any other, whatever their order.',
          examples: [{final: {from: 'docker://debian:12'}}],
        }),
      'runtime-libraries': strings
        .meta({
          description:
            'Shared libraries that the machine brings when the image runs (an MPI that is bound in), so that the image need not hold them; `*` is any text. Those of the drivers that --nv and --rocm bind are known.',
          examples: [['libmpi.so.*', 'libfabric.so.*']],
        })
        .optional(),
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
export type IncludeInput = z.infer<typeof includeSchema>
export type DefinitionStageInput = z.infer<typeof definitionStageSchema>
export type StepInput = z.infer<typeof stepSchema>

/** What `sifstage schema` prints. */
export function descriptionJsonSchema(): unknown {
  return z.toJSONSchema(descriptionSchema, {io: 'input', target: 'draft-2020-12'})
}
