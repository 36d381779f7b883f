/** A real browser that has no network, for pages on this disk. */
import {pathToFileURL} from 'node:url'
import {type Browser, chromium, type Page} from 'playwright-core'

/** From Debian's package, as scripts/setup.sh installs it. */
const program = process.env['SIFSTAGE_TEST_CHROMIUM'] ?? '/usr/bin/chromium'

export function openBrowser(): Promise<Browser> {
  // Root in a container cannot have its sandbox; the pages are our own.
  return chromium.launch({executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage']})
}

export interface Opened {
  readonly page: Page
  /** What the page asked for besides itself, and all that the browser complained of. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export async function openPage(
  browser: Browser,
  file: string,
  look: {readonly colorScheme: 'light' | 'dark'; readonly width: number; readonly javaScriptEnabled?: boolean},
): Promise<Opened> {
  const {colorScheme, width, javaScriptEnabled = true} = look
  const context = await browser.newContext({colorScheme, viewport: {width, height: 900}, offline: true, javaScriptEnabled})
  const page = await context.newPage()
  const complaints: string[] = []
  const address = pathToFileURL(file).href
  page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('request', request => {
    if (request.url() !== address) complaints.push(`asks for ${request.url()}`)
  })
  await page.goto(address)
  return {page, complaints, close: () => context.close()}
}

/** Texts whose contrast with what is behind them is too little to be read by everybody (WCAG 2, AA). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const parse = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (colour: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = colour.slice(0, 3).map(value => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    /** The nearest colour behind; in a picture, of the box that the text lies on. */
    const behind = (element: Element): string => {
      if (element instanceof SVGTextElement) {
        const box = element.parentElement?.querySelector('.box, .behind')
        if (box !== null && box !== undefined) return getComputedStyle(box).fill
      }
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor
        if (parse(colour)[3] !== 0) return colour
      }
      return 'rgb(255, 255, 255)'
    }
    const faint: string[] = []
    for (const element of document.querySelectorAll('body *')) {
      const own = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '')
      const isDrawn = element instanceof SVGElement
      if (!own || element.getClientRects().length === 0 || (isDrawn && !(element instanceof SVGTextElement))) continue
      const style = getComputedStyle(element)
      const [one, other] = [luminance(parse(isDrawn ? style.fill : style.color)), luminance(parse(behind(element)))]
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
      if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${element.tagName} ${element.textContent?.trim().slice(0, 30)}`)
    }
    return faint
  })
}
