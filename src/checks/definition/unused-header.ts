import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'

/** D50: what each agent looks at, in lower case. Stage is for all. */
const used: ReadonlyMap<string, RegExp> = new Map([
  ['docker', /^(from|registry|namespace)$/],
  ['docker-daemon', /^from$/],
  ['docker-archive', /^from$/],
  ['oci', /^from$/],
  ['oci-archive', /^from$/],
  ['localimage', /^(from|fingerprints)$/],
  ['library', /^(from|library|fingerprints)$/],
  ['oras', /^(from|fingerprints)$/],
  ['shub', /^from$/],
  ['scratch', /^from$/],
  ['busybox', /^mirrorurl$/],
  ['debootstrap', /^(mirrorurl|osversion|include)$/],
  ['yum', /^(mirrorurl|osversion|updateurl|include|setopt)$/],
  ['dnf', /^(mirrorurl|osversion|updateurl|include|setopt)$/],
  ['arch', /^(confurl|include)$/],
])

export const unusedHeader: Check = {
  name: 'unused-header',
  severity: 'warning',
  summary: 'A header key has no meaning for the Bootstrap that the stage has.',
  why: 'Apptainer knows all keys for all bootstrap agents and ignores those that the agent does not use, without a word (D12, D50): Include: installs nothing on top of a docker image, and MirrorURL: chooses no mirror for it.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\nInclude: gcc make\n%post\n  gcc --version\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\nOSVersion: bookworm\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nRegistry: registry.example.org\nFrom: debian:12\nStage: a\n'},
    {
      format: 'def',
      text: 'Bootstrap: debootstrap\nOSVersion: bookworm\nMirrorURL: http://deb.debian.org/debian/\nInclude: gcc\n',
    },
  ],
  find: description =>
    description.stages.flatMap(stage => {
      const headers = stage.definition?.headers ?? []
      const agent = headers.find(({key}) => key === 'bootstrap')?.value.toLowerCase() ?? ''
      const known = used.get(agent)
      if (known === undefined) return []
      return headers
        .filter(({key, value}) => key !== 'bootstrap' && key !== 'stage' && value !== '' && !known.test(key))
        .map(({key, span}) =>
          diagnostic(unusedHeader, {
            span,
            stage,
            message: `${quoted(`${key}:`)} has no meaning for "Bootstrap: ${agent}" and is ignored.`,
            hint: key === 'include' ? 'Install the packages in %post.' : 'Leave it out.',
          }),
        )
    }),
}
