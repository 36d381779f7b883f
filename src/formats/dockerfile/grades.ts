/** What becomes of each section and header of a definition file in a Dockerfile. */
import type {GradedPart} from '../../model/grade.js'

const app = 'an image of Docker has one program to start'

export const grades: readonly GradedPart[] = [
  {part: 'Bootstrap', form: 'docker, scratch', grade: 'exact', how: 'FROM'},
  {
    part: 'Bootstrap',
    form: 'localimage, library, oras, shub, oci, archives, and those that package tools make',
    grade: 'refused',
    how: 'no image that Docker could start from, unless --base names one',
    rules: ['base-not-docker'],
  },
  {
    part: 'Stage',
    form: '',
    grade: 'exact',
    how: 'FROM … AS; stages that the target does not need are left out',
    rules: ['unknown-base-stage', 'unwritable-name'],
  },
  {part: '%arguments', form: 'and build arguments', grade: 'exact', how: 'filled in'},
  {part: '%pre', form: '', grade: 'refused', how: 'Docker runs nothing on the machine that builds', rules: ['definition-script']},
  {
    part: '%setup',
    form: '',
    grade: 'refused',
    how: 'Docker runs nothing on the machine that builds',
    rules: ['definition-script'],
  },
  {
    part: '%files',
    form: 'from the host, from stages',
    grade: 'exact with extra steps',
    how: 'COPY where that means the same, else a RUN that copies as Apptainer does',
    rules: ['definition-copy', 'copy-from-unknown-stage', 'context-of-another-file'],
  },
  {
    part: '%post',
    form: '',
    grade: 'exact with extra steps',
    how: 'one RUN as `/bin/sh -ex` under umask 0002, with its options (-c too)',
    rules: ['definition-script', 'definition-labels', 'unwritable-text'],
  },
  {part: '%environment', form: 'plain exports', grade: 'exact', how: 'ENV', rules: ['line-break-in-value', 'lost-base-variable']},
  {
    part: '%environment',
    form: 'anything else',
    grade: 'approximate',
    how: 'carried out when the run script starts',
    rules: ['environment-at-start', 'definition-environment'],
  },
  {part: '%labels', form: '', grade: 'exact', how: 'LABEL; those that Apptainer adds by itself are left out'},
  {
    part: '%runscript',
    form: 'with arguments, with #!',
    grade: 'exact',
    how: 'a file, and ENTRYPOINT',
    rules: ['definition-script', 'inline-with-blanks', 'inline-without-newline'],
  },
  {
    part: '%test',
    form: '',
    grade: 'exact with extra steps',
    how: 'a stage that has to succeed, as the build of Apptainer has to',
    rules: ['definition-script'],
  },
  {part: '%startscript', form: '', grade: 'approximate', how: 'left out', rules: ['no-docker-equivalent']},
  {part: '%help', form: '', grade: 'approximate', how: 'left out', rules: ['no-docker-equivalent']},
  ...['appinstall', 'applabels', 'appfiles', 'appenv', 'apptest', 'apphelp', 'apprun', 'appstart'].map(
    (section): GradedPart => ({part: `%${section}`, form: '', grade: 'refused', how: app, rules: ['definition-app']}),
  ),
]
