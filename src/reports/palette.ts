/** Colours by what they are for. */

export interface Palette {
  readonly error: (text: string) => string
  readonly warning: (text: string) => string
  readonly info: (text: string) => string
  readonly good: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

function paint(code: number): (text: string) => string {
  return text => `\u001b[${code}m${text}\u001b[0m`
}

const plain = (text: string) => text

export function palette(colour: boolean): Palette {
  return colour
    ? {error: paint(31), warning: paint(33), info: paint(36), good: paint(32), strong: paint(1), faint: paint(2)}
    : {error: plain, warning: plain, info: plain, good: plain, strong: plain, faint: plain}
}
