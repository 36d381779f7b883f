/** What an editor asks of a definition file that is being written. */
import type {Editing, EditorWord} from '../../model/format.js'
import {LineIndex} from '../../model/span.js'
import {readHeader} from './header.js'
import {cutStages, scanStage} from './lex.js'
import {Problems} from './problems.js'
import {SourceText} from './source.js'
import {headerMap, stageName} from './stage.js'

const sections: readonly EditorWord[] = [
  {word: 'arguments', about: 'values for {{ NAME }}, which --build-arg changes'},
  {word: 'files', about: 'copies files of the host; "from STAGE": of an earlier stage'},
  {word: 'post', about: 'commands that build the image, as root in it'},
  {word: 'environment', about: 'variables of the image at run time'},
  {word: 'runscript', about: 'what the image does when it is run'},
  {word: 'startscript', about: 'what an instance of the image does'},
  {word: 'test', about: 'commands that have to succeed in the finished image'},
  {word: 'labels', about: 'NAME VALUE, a line each'},
  {word: 'help', about: 'text for run-help'},
  {word: 'setup', about: 'commands on the host, after the base is unpacked; run on your machine'},
  {word: 'pre', about: 'commands on the host, before anything else; run on your machine'},
  {word: 'apprun', about: 'what a SCIF app does: %apprun NAME'},
  {word: 'appinstall', about: 'commands that build a SCIF app'},
  {word: 'appfiles', about: 'files of a SCIF app'},
  {word: 'appenv', about: 'variables of a SCIF app'},
  {word: 'applabels', about: 'labels of a SCIF app'},
  {word: 'apphelp', about: 'help text of a SCIF app'},
  {word: 'apptest', about: 'test of a SCIF app'},
]

const headers: readonly EditorWord[] = [
  {word: 'Bootstrap', about: 'where the base comes from; begins a stage'},
  {word: 'From', about: 'the base'},
  {word: 'Stage', about: 'the name of the stage, for %files from'},
  {word: 'Fingerprints', about: 'keys that a local image has to be signed with'},
  {word: 'Registry', about: 'host of the registry, instead of in From'},
  {word: 'Namespace', about: 'in front of the name in From'},
  {word: 'OSVersion', about: 'release of the distribution, for debootstrap, yum and others'},
  {word: 'MirrorURL', about: 'where its packages are'},
  {word: 'Include', about: 'packages that are installed besides'},
]

const agents: readonly EditorWord[] = [
  {word: 'docker', about: 'an image of a registry'},
  {word: 'localimage', about: 'a .sif or a sandbox folder'},
  {word: 'library', about: 'an image of a container library'},
  {word: 'oras', about: 'a .sif that a registry keeps'},
  {word: 'oci', about: 'an OCI layout'},
  {word: 'oci-archive', about: 'an OCI archive'},
  {word: 'docker-archive', about: 'an archive of docker save'},
  {word: 'docker-daemon', about: "an image of docker's daemon"},
  {word: 'debootstrap', about: 'Debian or Ubuntu, from packages'},
  {word: 'yum', about: 'a distribution of RPM packages'},
  {word: 'scratch', about: 'nothing'},
]

const BEGINS = /^bootstrap:/i

export const editing: Editing = {
  anyOrder: false,
  stages(text) {
    const index = new LineIndex('-', text)
    return cutStages(text).flatMap(({start, end}) => {
      const source = new SourceText(text.slice(start, end), index, start, [])
      const headers = headerMap(readHeader(source, scanStage(source.text).header, new Problems()))
      return headers.has('bootstrap') ? [{name: stageName(headers), line: index.span(start, start).start.line}] : []
    })
  },
  expected(before, start) {
    const stage = /^%files\s+from\s+(\S*)$/i.exec(start)?.[1]
    if (stage !== undefined) return {typed: stage, what: 'stages'}
    const section = /^%(\w*)$/.exec(start)?.[1]
    if (section !== undefined) return {typed: section, what: sections}
    const agent = /^bootstrap:\s*(\S*)$/i.exec(start)?.[1]
    if (agent !== undefined) return {typed: agent, what: agents}
    const header = /^\w*$/.exec(start)?.[0]
    const above = before.findLast(line => BEGINS.test(line) || /^\s*%\w/.test(line))
    if (header === undefined || (above !== undefined && !BEGINS.test(above))) return undefined
    return {typed: header, what: headers}
  },
}
