// What every page has around it: one file that fetches nothing, in light and dark, on a phone, with the same sheet.
import { html, type Markup } from '../markup.ts'
import { style } from './style.ts'

interface Document {
  title: string
  /** Content security policy: what the page never does is forbidden, so an escape that we missed could do nothing. */
  policy: string
  /** Rules of its own beside the common sheet. */
  more?: Markup
  body: Markup
}

export function documentText({ title, policy, more, body }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}${more}</style>
</head>
<body>
${body}
</body>
</html>
`.text
}
