/** Definition files of Apptainer and SingularityCE. */
import type {Format} from '../../model/format.js'
import {formatDeffile} from './format.js'
import {readDeffile} from './read.js'
import {surveyDeffile} from './survey.js'
import {writeDeffile} from './write.js'
import {writeDeffiles} from './write-stages.js'

export const deffile: Format = {
  name: 'def',
  title: 'a definition file',
  matchesName: name => /\.def$|^(Singularity|Apptainer)(\..*)?$|^Apptainerfile$/.test(name) && !/\.(sif|img)$/i.test(name),
  matchesText: text => /^\ufeff?(?:\s*#[^\n]*(?=\n))*\s*bootstrap:/i.test(text.slice(0, 65_536)),
  read: readDeffile,
  write: writeDeffile,
  writeStages: writeDeffiles,
  survey: surveyDeffile,
  format: formatDeffile,
}
