// Which of the settings that a server is started with stand in the manifest, so that findings can say a setting's present value: whole
// numbers, and none whose name is that of a secret or of something that differs in each run. All else (addresses, keys, names) is kept
// nowhere. Not modelled: a secret number under an innocent name, which no rule can tell.

const DIGITS_MAX = 9
const SECRET = /(?:^|_)(?:secret|password|passwd|passphrase|pass|pin|otp|token|key|salt|seed|credential)s?(?:_|$)/i
const OF_THE_RUN = /(?:^|_)ports?(?:_|$)/i

export function numbersTold(environment: Readonly<Record<string, string>>): Record<string, string> {
  const told = Object.entries(environment).filter(
    ([name, value]) => /^\d+$/.test(value) && value.length <= DIGITS_MAX && !SECRET.test(name) && !OF_THE_RUN.test(name),
  )
  return Object.fromEntries(told)
}
