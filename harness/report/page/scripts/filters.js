// What the page can do with scripts on; without them it reads whole all the same. Here: links that open what they lead to, copying, and filters over
// checks and calls. The policy of the page lets these very texts run, known by their hash, and nothing else.
{
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const made = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties)
    element.append(...children)
    return element
  }

  // ---- links that open what they lead to

  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null
    if (!target) return
    if (target.tagName === 'DETAILS') target.open = true
    for (let up = target.parentElement; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true
    target.closest('[hidden]')?.removeAttribute('hidden')
    target.scrollIntoView({ block: 'start' })
  }
  addEventListener('hashchange', reveal)
  reveal()
  addEventListener('beforeprint', () => {
    for (const card of all('.card.fail, .card.unknown')) card.open = true
  })

  // ---- copying

  for (const block of all('.block, #reproduce > pre')) {
    const button = made('button', { type: 'button', className: 'copy', textContent: 'Copy' })
    button.addEventListener('click', async () => {
      const text = block.textContent
      try {
        await navigator.clipboard.writeText(text)
      } catch {
        // From file:// a browser may refuse the clipboard: then the text is chosen, for the person to copy.
        getSelection()?.selectAllChildren(block)
        return
      }
      button.textContent = 'Copied'
      setTimeout(() => {
        button.textContent = 'Copy'
      }, 1_500)
    })
    const holder = made('div', { className: 'copied' })
    block.replaceWith(holder)
    holder.append(block, button)
  }

  // ---- filters

  /** @param items what is shown or hidden: its element, its words, its kind */
  const filter = (bar, { label, kinds, items, after }) => {
    const search = made('input', { type: 'search', placeholder: label })
    search.setAttribute('aria-label', label)
    const chosen = new Set()
    const told = made('span', { className: 'muted small' })
    told.setAttribute('role', 'status')
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
      let shown = 0
      for (const { element, text, kind } of items) {
        const fits = (chosen.size === 0 || chosen.has(kind)) && words.every((word) => text.includes(word))
        element.hidden = !fits
        if (fits) shown++
      }
      told.textContent = shown === items.length ? '' : `${shown} of ${items.length} shown`
      after?.()
    }
    search.addEventListener('input', apply)
    const buttons = kinds.map((kind) => {
      const count = items.filter((item) => item.kind === kind).length
      const button = made('button', { type: 'button', textContent: `${kind.replace('-', ' ')} ${count}`, disabled: count === 0 })
      button.setAttribute('aria-pressed', 'false')
      button.addEventListener('click', () => {
        if (!chosen.delete(kind)) chosen.add(kind)
        button.setAttribute('aria-pressed', String(chosen.has(kind)))
        apply()
      })
      return button
    })
    bar.append(search, ...buttons, told)
  }

  const words = (element) => element.textContent.toLowerCase().replace(/\s+/g, ' ')
  for (const bar of all('[data-filters="checks"]')) {
    const groups = all('#checks > div[id]')
    filter(bar, {
      label: 'Search checks and their witnesses',
      kinds: ['fail', 'unknown', 'not-judged', 'pass'],
      items: all('.card').map((element) => ({ element, text: words(element), kind: element.dataset.status })),
      after: () => {
        for (const group of groups) group.hidden = all('.card', group).every((card) => card.hidden)
      },
    })
  }
  for (const bar of all('[data-filters="calls"]')) {
    filter(bar, {
      label: 'Search calls: agent, tool, id, class, phase',
      kinds: ['good', 'late', 'refused', 'failed'],
      items: all('#calls tbody tr').map((element) => ({ element, text: words(element), kind: element.dataset.fate })),
    })
  }
}
