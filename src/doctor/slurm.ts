/** Slurm around us: a job's limits and its own scratch, or a login node. */
import {findProgram} from '../probes/programs.js'
import {scratchParent} from '../system/scratch.js'
import {type Look, ok, warning} from './look.js'
import {SET_SCRATCH} from './scratch.js'

export const slurm: Look = {
  name: 'slurm',
  async look({environment, env, folder}) {
    const job = environment['SLURM_JOB_ID']
    if (!job)
      return findProgram('sbatch', env['PATH'] ?? '') === undefined
        ? []
        : [
            warning(
              'Slurm is here, and this is no job',
              'a login node has little memory and many users, and its processors may be others than those of the jobs',
              'srun --pty sifstage build …, or a batch script (docs/ci.md)',
            ),
          ]
    const {folder: named, from} = scratchParent(environment)
    const where = `job ${job}${environment['SLURMD_NODENAME'] ? ` on ${environment['SLURMD_NODENAME']}` : ''}`
    const {network} = await folder(named)
    return [
      network === undefined
        ? ok(`${where}; ${named}${from === undefined ? '' : ` (${from})`} is local to the node`)
        : warning(
            `${where}: ${named} is on ${network}`,
            'images are unpacked there, which works on disks of the node alone',
            SET_SCRATCH,
          ),
    ]
  },
}
