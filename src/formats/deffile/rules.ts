/** Everything that the writer of definition files may refuse or warn of: the loss table of the documentation is made from it. */
import type {ConversionRule} from '../../model/grade.js'

export const rules = {
  'add-checksum': {
    grade: 'refused',
    why: 'The checksum is in an algorithm that no everyday program checks.',
    instead: 'Give a sha256, sha384 or sha512 sum.',
  },
  'context-path-ignored': {
    grade: 'refused',
    why: 'The ignore file hides the path, so docker does not find it.',
    instead: 'Take it out of the ignore file, or do not copy it.',
  },
  'context-path-missing': {
    grade: 'refused',
    why: 'docker refuses a pattern in a folder that is not there.',
    instead: 'Convert where the build context is, or name it with --context.',
  },
  'context-path-outside': {
    grade: 'refused',
    why: 'A link leads out of the build context, where docker finds nothing.',
    instead: 'Copy the file itself into the context.',
  },
  'context-too-large': {
    grade: 'refused',
    why: 'The folder holds too many files to look through.',
    instead: 'Copy fewer folders.',
  },
  'copy-exclude-from-stage': {
    grade: 'refused',
    why: 'Which files of another stage a pattern means is known only when that stage has been built.',
    instead: 'Exclude by name, by **/NAME or by a path without wildcards, or let sifstage build the Dockerfile.',
  },
  'copy-from-unknown-stage': {
    grade: 'refused',
    why: 'No stage has the name.',
    instead: 'Correct the name.',
  },
  'copy-parents-from-stage': {
    grade: 'refused',
    why: 'The folders on the way take the modes that they have in the other stage, which nobody knows before it is built.',
    instead: 'Copy each path by a COPY of its own, or let sifstage build the Dockerfile.',
  },
  'copy-pattern': {
    grade: 'refused',
    why: 'A pattern over files of a stage cannot be combined with --chown or --chmod, or needs a shell that is not there.',
    instead: 'Name the files, or copy their folder.',
  },
  'copy-source-variable': {
    grade: 'refused',
    why: 'The path holds a variable of the base image, whose configuration is not known.',
    instead: 'Write the path out, or convert where the base image can be read.',
  },
  'env-name': {
    grade: 'refused',
    why: 'Apptainer sets variables by a shell of its own, which cannot set one of that name (dots, dashes), or holds it for itself (UID, EUID, GID, IFS, e, key, PROMPT_COMMAND).',
    instead: 'Choose another name, or use ARG if only the build needs it.',
  },
  'file-name': {
    grade: 'refused',
    why: '%files cannot express the name.',
    instead: 'Copy its folder, or rename it.',
  },
  label: {
    grade: 'refused',
    why: '%labels knows no names with blanks and no values of several lines, and the labels of the base are not known.',
    instead: 'Change the label, or convert where the base image can be read.',
  },
  'link-owner-name': {
    grade: 'refused',
    why: '--link looks at nothing in the image, so that nobody can tell whose number a name is; docker refuses it too.',
    instead: 'Give --chown numbers, or leave --link out.',
  },
  'mount-cache-from': {
    grade: 'refused',
    why: 'A cache would have to start with files of a stage or image.',
    instead: 'Copy the files first, or let sifstage build the Dockerfile.',
  },
  'mount-source': {
    grade: 'refused',
    why: '%files cannot take the source of the mount from there.',
    instead: 'COPY --from it first.',
  },
  'not-expressible': {
    grade: 'refused',
    why: 'A definition file has no way to say it; the message tells what.',
    instead: 'Let sifstage build the input as it is.',
  },
  'reserved-path': {
    grade: 'refused',
    why: 'The path belongs to Apptainer or the kernel while an image is built; what is copied there is lost.',
    instead: 'Copy it elsewhere.',
  },
  'secret-required': {
    grade: 'refused',
    why: 'What a definition file brings along stays in the image.',
    instead: 'sifstage build --secret id=NAME,src=FILE builds the Dockerfile itself.',
  },
  'special-files-from-stage': {
    grade: 'refused',
    why: 'Apptainer copies no FIFOs between stages, and takes the setuid bit from files with several names.',
    instead: 'Make them in the stage that needs them, or let sifstage build the Dockerfile.',
  },
  'ssh-required': {
    grade: 'refused',
    why: 'A definition file cannot ask for an ssh agent.',
    instead: 'Fetch what needs it before the build, and COPY it.',
  },
  'base-entrypoint': {
    grade: 'approximate',
    why: 'An ENTRYPOINT of the base image would start with this CMD as its arguments, and the base is not known here.',
    instead: 'Convert where the base image can be read, or write the ENTRYPOINT into the Dockerfile.',
  },
  'base-workdir': {
    grade: 'approximate',
    why: 'A relative path starts at the WORKDIR of the base image, which is not known here; it is taken for /.',
    instead: 'Set WORKDIR, or convert where the base image can be read.',
  },
  'empty-pattern': {
    grade: 'approximate',
    why: 'A pattern matches nothing in the context; docker copies nothing then, and so does the definition.',
    instead: 'Convert where the files are.',
  },
  'expose-at-runtime': {
    grade: 'approximate',
    why: 'Programs in Apptainer use the ports of the machine they run on.',
    instead: 'Nothing has to be done.',
  },
  'healthcheck-at-runtime': {
    grade: 'approximate',
    why: 'Nothing in Apptainer asks for it.',
    instead: 'Run the command yourself: apptainer exec IMAGE COMMAND.',
  },
  'heredoc-path': {
    grade: 'approximate',
    why: 'A here-document that is a program of its own lies under another path while it runs, and it looks at that path.',
    instead: 'COPY the script, and RUN it.',
  },
  'onbuild-lost': {
    grade: 'approximate',
    why: 'A .sif has no triggers for images that start from it.',
    instead: 'Write the instruction into the files that start from this image.',
  },
  platform: {
    grade: 'approximate',
    why: 'A definition file cannot ask for a platform.',
    instead: 'apptainer build --arch, or build on such a machine.',
  },
  'run-security': {
    grade: 'approximate',
    why: 'Apptainer has one set of rights for all commands of a build.',
    instead: 'Leave the flag out if the command does not need it.',
  },
  'secret-absent': {
    grade: 'approximate',
    why: 'The definition builds as docker does when nobody gives the secret.',
    instead: 'sifstage build --secret id=NAME,src=FILE builds the Dockerfile itself.',
  },
  'source-not-found': {
    grade: 'approximate',
    why: 'The path is not in the context, so it is taken for a file.',
    instead: 'Convert where the file is, or name the folder with --context.',
  },
  'ssh-absent': {
    grade: 'approximate',
    why: 'The definition builds as docker does when no ssh agent is given.',
    instead: 'Fetch what needs it before the build, and COPY it.',
  },
  'stop-signal-at-runtime': {
    grade: 'approximate',
    why: 'Whoever stops an instance chooses the signal.',
    instead: 'apptainer instance stop --signal SIGNAL NAME',
  },
  'user-at-runtime': {
    grade: 'approximate',
    why: 'Apptainer runs an image as the person who calls it.',
    instead: 'Make sure that everybody may read what the program needs.',
  },
  'volume-at-runtime': {
    grade: 'approximate',
    why: 'A .sif is read-only at run time.',
    instead: 'apptainer run --bind FOLDER:PATH IMAGE',
  },
  'workdir-at-runtime': {
    grade: 'approximate',
    why: "The program starts in WORKDIR, so relative paths among its arguments mean that folder and not the caller's.",
    instead: "Use --keep-cwd to stay in the caller's folder.",
  },
} as const satisfies Readonly<Record<string, ConversionRule>>

export type RefusedRule = {
  [Name in keyof typeof rules]: (typeof rules)[Name]['grade'] extends 'refused' ? Name : never
}[keyof typeof rules]
export type WarnedRule = Exclude<keyof typeof rules, RefusedRule>
