/** Names that STOPSIGNAL takes (github.com/moby/sys/signal, Linux). */
const names = new Set(
  `ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU
  URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX`.split(/\s+/),
)

/** A number other than 0, or a name with or without SIG, in any case. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) !== 0
  const name = text.toUpperCase().replace(/^SIG/, '')
  return names.has(name) || /^RTMIN\+([1-9]|1[0-5])$|^RTMAX-([1-9]|1[0-4])$/.test(name)
}
