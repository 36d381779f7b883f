/** What becomes of each section, header and form of a definition file in a Dockerfile. */
import type {GradedPart} from '../../model/grade.js'

const exact = 'exact'
const extra = 'exact with extra steps'
const approximate = 'approximate'
const refused = 'refused'

export const grades: readonly GradedPart[] = [
  {part: 'Bootstrap', form: 'docker, docker-daemon', grade: exact, how: '`FROM`, with the name that Registry and Namespace make'},
  {
    part: 'Bootstrap',
    form: 'docker, a base that may have a USER, SHELL or WORKDIR of its own',
    grade: extra,
    how: '`SHELL`, `USER 0`, `WORKDIR /` before the first `RUN`, since Apptainer looks at none of them',
  },
  {part: 'Bootstrap', form: 'scratch', grade: exact, how: '`FROM scratch`'},
  {
    part: 'Bootstrap',
    form: 'localimage, oci, oci-archive, docker-archive, library, oras, shub, buildkit, and package tools',
    grade: refused,
    how: 'another base can be given with --base',
    rules: ['base-not-docker', 'unknown-base-stage'],
  },
  {part: 'Stage', form: '', grade: exact, how: '`AS`, in lower case; stages the target does not need are left out'},
  {part: '%arguments', form: '{{ NAME }}', grade: exact, how: 'values are filled in'},
  {part: '%pre', form: '', grade: refused, how: '', rules: ['host-script']},
  {part: '%setup', form: '', grade: refused, how: '', rules: ['host-script']},
  {part: '%files', form: 'files', grade: exact, how: '`COPY`, with `--chmod` where the umask of Apptainer changes the mode'},
  {
    part: '%files',
    form: 'folders whose place is known',
    grade: exact,
    how: '`COPY`, the destination written in full: a folder goes into one that is there',
  },
  {
    part: '%files',
    form: 'folders whose place only the image can tell; with links; over files and folders that are there',
    grade: extra,
    how: '`RUN --mount=type=bind` with the `cp` that Apptainer runs',
  },
  {
    part: '%files',
    form: 'patterns, braces, ~ and variables',
    grade: exact,
    how: 'worked out while converting',
    rules: ['copy-from-unknown-stage', 'context-of-another-file'],
  },
  {
    part: '%files',
    form: 'from outside of the context, or what its ignore file hides',
    grade: refused,
    how: '',
    rules: ['definition-copy'],
  },
  {
    part: '%files',
    form: 'from a stage, where the stage or the destination shows what the source is',
    grade: exact,
    how: '`COPY --from`',
  },
  {
    part: '%files',
    form: 'from a stage, where only the images can tell',
    grade: extra,
    how: '`RUN --mount=type=bind,from=` with a loop that looks; refused in an image of scratch',
    rules: ['definition-copy'],
  },
  {
    part: '%post',
    form: '',
    grade: exact,
    how: 'one `RUN` with a here-document: `set -ex`, umask 0002, in `/`; memory on /tmp and /var/tmp where the script may use them',
    rules: ['unwritable-text'],
  },
  {
    part: '%post',
    form: 'with options, with `-c`, or that looks at `$0`',
    grade: extra,
    how: 'the file `/.post.script`, as in Apptainer, removed in the same `RUN`',
    rules: ['definition-script'],
  },
  {
    part: '%post',
    form: '$APPTAINER_ENVIRONMENT, $APPTAINER_LABELS, by plain lines',
    grade: exact,
    how: '`ENV`, `LABEL`',
  },
  {
    part: '%post',
    form: '$APPTAINER_ENVIRONMENT, worked out',
    grade: approximate,
    how: 'kept in the file that Apptainer has, which the entrypoint reads first',
    rules: ['environment-at-start'],
  },
  {part: '%post', form: '$APPTAINER_LABELS, worked out', grade: refused, how: '', rules: ['definition-labels']},
  {part: '%post', form: '$APPTAINER_CONTAINER and the like', grade: refused, how: '', rules: ['engine-variable']},
  {
    part: '%environment',
    form: 'plain exports',
    grade: exact,
    how: '`ENV` behind the last `RUN`, since %post does not see it',
    rules: ['line-break-in-value', 'lost-base-variable'],
  },
  {
    part: '%environment',
    form: 'anything else of the shell, with a %runscript',
    grade: approximate,
    how: 'the same file, which the entrypoint reads first',
    rules: ['environment-at-start'],
  },
  {
    part: '%environment',
    form: 'anything else of the shell, without one; backslashes outside of quotes there',
    grade: refused,
    how: '',
    rules: ['definition-environment'],
  },
  {
    part: '%labels',
    form: '',
    grade: exact,
    how: '`LABEL`; a label of the base stays, where the base can be read',
    rules: ['unwritable-name'],
  },
  {part: '%runscript', form: 'one program with `"$@"`', grade: exact, how: '`ENTRYPOINT` in exec form'},
  {
    part: '%runscript',
    form: 'any script',
    grade: exact,
    how: 'a file `/.singularity.d/docker/runscript` and `ENTRYPOINT`',
    rules: ['inline-with-blanks', 'inline-without-newline'],
  },
  {
    part: '%runscript',
    form: 'variables of Apptainer; its own name, in another language',
    grade: refused,
    how: '',
    rules: ['engine-variable', 'definition-script'],
  },
  {
    part: '%test',
    form: '',
    grade: extra,
    how: 'a stage of its own, which the result waits for and takes nothing from',
    rules: ['definition-script', 'engine-variable'],
  },
  {part: '%startscript', form: '', grade: approximate, how: 'left out', rules: ['no-docker-equivalent']},
  {part: '%help', form: '', grade: approximate, how: 'left out', rules: ['no-docker-equivalent']},
  ...['appinstall', 'applabels', 'appfiles', 'appenv', 'apptest', 'apphelp', 'apprun', 'appstart'].map(
    (name): GradedPart => ({
      part: `%${name}`,
      form: '',
      grade: approximate,
      how: 'the same folders, files and variables; docker starts no app by its name',
      rules: ['no-docker-equivalent', 'definition-app'],
    }),
  ),
]
