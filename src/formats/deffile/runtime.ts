/** What an OCI image says of its running and Apptainer has no notion of: said aloud, one warning each (design section 4). */
import type {Settings, Stage} from '../../model/description.js'
import {showTemplate} from '../../model/template.js'
import type {StageScript} from './script.js'

/** @param user the user of the finished image, unless that is root */
export function reportRuntime(script: StageScript, stage: Stage, settings: Settings, user: string | undefined): void {
  if (user !== undefined)
    script.warn(
      'user-at-runtime',
      stage.steps.findLast(step => step.kind === 'user')?.span ?? stage.nameSpan,
      `USER ${user} has no meaning at run time: Apptainer runs the image as the person who calls it.`,
      'Make sure that everybody may read what the program needs.',
    )
  const [port] = settings.expose ?? []
  if (port !== undefined)
    script.warn(
      'expose-at-runtime',
      port.span,
      `EXPOSE ${showTemplate(port.value)} has no meaning: a program in Apptainer uses the ports of the machine it runs on.`,
    )
  for (const volume of settings.volumes ?? [])
    script.warn(
      'volume-at-runtime',
      volume.span,
      `VOLUME ${showTemplate(volume.value)} makes nothing writable: a .sif is read-only at run time.`,
      `Bind a folder there: apptainer run --bind FOLDER:${showTemplate(volume.value)} IMAGE`,
    )
  if (settings.healthcheck?.value.kind === 'command')
    script.warn('healthcheck-at-runtime', settings.healthcheck.span, 'HEALTHCHECK is left out: nothing in Apptainer asks for it.')
  if (settings.stopSignal !== undefined)
    script.warn(
      'stop-signal-at-runtime',
      settings.stopSignal.span,
      `STOPSIGNAL ${showTemplate(settings.stopSignal.value)} is left out.`,
      `Name it when you stop an instance: apptainer instance stop --signal ${showTemplate(settings.stopSignal.value)} NAME`,
    )
  for (const trigger of settings.onbuild ?? [])
    script.warn(
      'onbuild-lost',
      trigger.span,
      `ONBUILD ${trigger.value} is left out: a .sif has no triggers for images that start from it.`,
      'Write the instruction into the files that start from this image.',
    )
}
