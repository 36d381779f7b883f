/** A stage in the language of definition files. */
import {z} from 'zod'
import {engine, scalar, stageOnly, text} from './schema-parts.js'

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
    engine: engine.optional(),
    from: stageOnly
      .meta({description: 'The stage that it starts from instead of what its header says.', examples: [{stage: 'base'}]})
      .optional(),
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
