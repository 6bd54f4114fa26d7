// How many tokens a text costs a language model at most, without any model's own table: words of letters cost one for each five letters
// begun, numbers one for each three digits, each other sign one, lone spaces nothing. Careful on purpose: byte-pair tokenizers have most
// English words, and many pairs of signs, as one token. Ours, not measured against any of them.
// Not modelled: scripts that cost more than a token a letter.

export function tokens(text: string): number {
  let sum = 0
  for (const [piece] of text.matchAll(/\p{L}+|\p{N}+|[^\p{L}\p{N}\s]|\s{2,}|\n/gu)) {
    if (/^\p{N}/u.test(piece)) sum += Math.ceil(piece.length / 3)
    else if (/^[A-Za-z]/.test(piece)) sum += Math.ceil(piece.length / 5)
    else sum += Math.max(1, [...piece].length * (/^\s/.test(piece) ? 0.25 : 1))
  }
  return Math.ceil(sum)
}
