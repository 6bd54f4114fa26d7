// Texts that a server under test may send as a tool's name, a message or a metric's label, each of which has broken a report
// somewhere: markup, terminal sequences, right-to-left marks, Markdown structure, a megabyte.
export const hostile = {
  markup: '</script></style></svg><script>alert(1)</script><img src=x onerror=alert(1)>"\'><b',
  terminal: '\u001b[2J\u001b[31mred\u001b]0;title\u0007\u009b1mbell\u0007\r\nnext\u0000',
  bidi: 'invoice\u202egnp.exe\u2066\u200f\u2028line\u2029',
  markdown: '| a | `b` [c](http://d.example) ![e](x) **f** @team #12 www.g.example <h> \\ ~i~ https://j.example',
  cdata: ']]><failure/>&amp;&#0;\ufffe\ud800',
  megabyte: 'A'.repeat(1_000_000),
} as const

export const everything = Object.values(hostile)
  .map((text) => text.slice(0, 200))
  .join(' ')
