/** What the kill tests build: a diamond of definition files, and a Dockerfile that is run step by step. */
import {registry} from './engine.js'

/** The base by its digest: others may push to the same registry meanwhile. */
export async function pinnedBase(): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
  const answer = await fetch(`http://${registry}/v2/busybox/manifests/latest`, {method: 'HEAD', headers: {accept}})
  const digest = answer.headers.get('docker-content-digest')
  if (digest === null) throw new Error(`the registry ${registry} has no busybox`)
  return `${registry}/busybox@${digest}`
}

/** A diamond of four small stages; the number makes other content. */
export function diamond(base: string, number: number): string {
  const from = `Bootstrap: docker\nFrom: ${base}\n`
  return [
    `${from}Stage: base\n\n%post\n    mkdir -p /made && echo base ${number} > /made/base\n    head -c 300000 /dev/zero | tr '\\0' '${number % 10}' > /made/much\n`,
    `${from}Stage: left\n\n%files from base\n    /made/base /from/base\n\n%post\n    cat /from/base > /left; echo left >> /left\n`,
    `${from}Stage: right\n\n%files from base\n    /made/base /from/base\n    /made/much /from/much\n\n%post\n    cat /from/base > /right; echo right >> /right; chown 5:6 /right\n`,
    `${from}Stage: final\n\n%files from left\n    /left /got/left\n\n%files from right\n    /right /got/right\n    /from/much /got/much\n\n%post\n    cat /got/left /got/right > /all\n`,
  ].join('\n')
}

/** Quick steps, a line each, with what a difference between two trees may get wrong; the last one writes down what is there. */
export function stepwise(base: string): string {
  return [
    `FROM ${base}`,
    'WORKDIR /d',
    'ENV A=b',
    "RUN mkdir -p keep gone turns && echo one >keep/file && echo x >gone/x && ln keep/file keep/second && echo y >turns/y && head -c 300000 /dev/zero | tr '\\0' x >much",
    'RUN rm -r gone turns && echo now a file >turns && ln -s keep gone && chmod 4755 /bin/busybox && echo more >>much',
    'RUN echo two >>keep/file && ln keep/file third && mkdir -m 0 closed && chown 5:6 keep && touch -d @1000000000 much',
    'COPY source.txt source.txt',
    'RUN mv keep moved && rm /bin/vi && cp source.txt result && chmod 2755 result',
    'RUN stat -c "%n %h %a %u:%g" third moved/file moved/second closed gone turns result /bin/busybox >seen && stat -c "%n %Y" much >>seen',
    '',
  ].join('\n')
}
