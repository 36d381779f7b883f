/** What is reported of inputs as a whole, of bases, of the lock file and of the store, in words. */
import type {RuleText} from '../model/check.js'

export const libraryRules: readonly RuleText[] = [
  {
    name: 'unreadable-input',
    severity: 'error',
    summary: 'INPUT cannot be used at all: it is not there, not readable, not text, or none of the three languages.',
    why: 'Nothing can be said of what is not read. The message tells which of these it is; the exit code is 2.',
    session: {
      bad: `$ sifstage check lab4.def
lab4.def:1:1: error: lab4.def cannot be read: it does not exist [unreadable-input]
`,
      good: `$ cat lab4.def
Bootstrap: docker
From: debian:12
$ sifstage check lab4.def
`,
    },
  },
  {
    name: 'base-moved',
    severity: 'info',
    summary: 'The tag of a locked base means another image by now.',
    why: 'Builds keep to the one that the lock file has. The new one may have repairs that matter.',
    session: {
      bad: `$ sifstage plan lab3.def --cache-dir /tmp/store
[...]
lab3.def:2:7: info: gcc:12 is locked at sha256:1b6664…; its registry has sha256:93ff02… now [base-moved]
  hint: Take that one: sifstage lock lab3.def --update gcc:12
`,
      good: `$ sifstage lock lab3.def --update gcc:12
`,
    },
  },
  {
    name: 'base-differs',
    severity: 'warning',
    summary: 'A base is not the one that the lock file has.',
    why: 'A local file has changed since it was locked, or the tag has moved. A build with --locked refuses the first and keeps to the old image for the second.',
    session: {
      bad: `$ sifstage lock lab3.def --check
lab3.def:2:7: warning: ./gcc.sif is not the one that lab3.def.lock locks [base-differs]
  hint: Bring the old one back, or lock this one: sifstage lock INPUT --update ./gcc.sif
`,
      good: `$ sifstage lock lab3.def --update ./gcc.sif
$ sifstage lock lab3.def --check
`,
    },
  },
  {
    name: 'not-lockable',
    severity: 'warning',
    summary: 'A base comes from a place that tells no digests, so that it cannot be locked.',
    why: 'The next build may start from another image without anybody noticing.',
    session: {
      bad: `$ cat tool.def
Bootstrap: library
From: lab/base:1
$ sifstage lock tool.def
tool.def:2:7: warning: library://lab/base:1 is not locked: a library image has no digest that can be asked for [not-lockable]
  hint: Use a local copy, whose content is locked: --base library://lab/base:1=./base.sif
`,
      good: `$ apptainer pull base.sif library://lab/base:1
$ sifstage lock tool.def --base library://lab/base:1=./base.sif
`,
    },
  },
  {
    name: 'keys-unknown',
    severity: 'info',
    summary: 'What is cached cannot be told, since no engine is here or a base cannot be asked for.',
    why: 'The key of a stage has the engine and the digest of its base in it. The plan is right all the same; only what would be built anew is open.',
    session: {
      bad: `$ sifstage plan lab3.def
[...]
lab3.def:1:1: info: what is cached cannot be told: no usable engine [keys-unknown]
`,
      good: `$ sifstage engines
$ sifstage plan lab3.def
`,
    },
  },
  {
    name: 'store',
    severity: 'warning',
    summary: 'A store that stages are taken from has something that is not used: damaged, unsigned, or not to be believed.',
    why: 'The stage is built here instead. Nothing wrong gets into an image, but the time that sharing should save is lost.',
    session: {
      bad: `$ sifstage plan lab3.def --store-from oras://registry.example/lab/store
lab3.def:1:1: warning: nothing from oras://registry.example/lab/store is believed, since no signer is: --store-trust KEY names one (sifstage cache key) [store]
`,
      good: `$ sifstage plan lab3.def --store-from oras://registry.example/lab/store --store-trust ed25519:…
`,
    },
  },
  {
    name: 'base-config-unknown',
    severity: 'info',
    summary: 'A conversion could not look at a base image, and something depends on what it sets.',
    why: 'Variables, entrypoint, user and folder of a base are in its configuration. What needs them is left to the build, or refused by name.',
    session: {
      bad: `$ sifstage convert Dockerfile --to def
Dockerfile:1:6: info: Nobody could look at the image lab/base:1 (the registry does not answer); what depends on its entrypoint is left to the build. [base-config-unknown]
  hint: Go on where the registry can be reached, or name a copy: --base lab/base:1=./base.sif
`,
      good: `$ sifstage convert Dockerfile --to def --base lab/base:1=./base.sif
`,
    },
  },
  {
    name: 'destination-unknown',
    severity: 'info',
    summary:
      'Whether artifacts can run where they go is not told, since the base of the stage that takes them cannot be read now.',
    why: 'Loader, libraries and architecture are compared with that base. A build has it, and compares.',
    session: {
      bad: `$ sifstage verify lab3.def --stage compiler compiler.sif --offline
lab3.def:17:7: info: the base of stage "final" cannot be read now, so whether the programs can run there is not told [destination-unknown]
  hint: Go on where its registry can be reached, or name a copy of it: --base REF=REPLACEMENT
`,
      good: `$ sifstage verify lab3.def --stage compiler compiler.sif --base alpine:3.20=./alpine.sif
`,
    },
  },
  {
    name: 'stage-not-stored',
    severity: 'info',
    summary: 'A report lacks the sizes and times of stages that the store does not have as the description is now.',
    why: 'They were never built, have changed since, or went with `cache prune`. A report builds nothing.',
    session: {
      bad: `$ sifstage report lab3.def
[...]
lab3.def:1:1: info: the store has no image of compiler, final as the description is now [stage-not-stored]
  hint: Build it first: sifstage build lab3.def
`,
      good: `$ sifstage build lab3.def
$ sifstage report lab3.def
`,
    },
  },
]
