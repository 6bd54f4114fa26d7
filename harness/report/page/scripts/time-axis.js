// The time axis that all charts share, with scripts on: a hair line with the figures of its moment, and zoom (drag, or the buttons; Escape or a
// double click shows the whole run). No library: the charts were drawn when the page was written, and their marks are only moved here.
{
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const made = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties)
    element.append(...children)
    return element
  }

  const SVG = 'http://www.w3.org/2000/svg'
  const drawn = (tag, attributes) => {
    const element = document.createElementNS(SVG, tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    return element
  }
  const figures = all('figure[data-ends]').map((figure) => ({
    figure,
    endsS: Number(figure.dataset.ends),
    readings: JSON.parse(figure.querySelector('.readings')?.textContent ?? '[]'),
    plots: all('.wide, .narrow', figure),
  }))
  const endsS = figures[0]?.endsS ?? 0
  let shown = { fromS: 0, toS: endsS }

  /** Marks keep what they were drawn with, so that every zoom starts from there. */
  const moved = (element, k, x0) => {
    const original = element.dataset.at ?? element.getAttribute('transform') ?? ''
    element.dataset.at = original
    const place = /^translate\((-?[\d.]+),(-?[\d.]+)\)(.*)$/.exec(original)
    if (!place) {
      element.setAttribute('transform', `${original} matrix(${k} 0 0 1 ${-x0 * k} 0)`)
      return
    }
    element.setAttribute('transform', `translate(${(place[1] - x0) * k},${place[2]})${place[3]}`)
    if (element.tagName !== 'line') return
    element.dataset.length ??= element.getAttribute('x2') ?? '0'
    element.setAttribute('x2', element.dataset.length * k)
  }

  const tickStep = (span) => {
    const rough = span / 6
    const power = 10 ** Math.floor(Math.log10(rough))
    return power * ([1, 2, 5, 10].find((step) => step * power >= rough) ?? 10)
  }

  let clips = 0
  const zoomOne = (svg, { fromS, toS }) => {
    const inner = Number(svg.dataset.inner)
    const k = endsS / (toS - fromS)
    const x0 = (fromS / endsS) * inner
    const whole = k === 1
    for (const mark of all('[data-is="mark"]', svg)) {
      if (!mark.hasAttribute('clip-path')) {
        const id = `zoom-clip-${clips++}`
        const clip = drawn('clipPath', { id })
        clip.append(drawn('rect', { x: -5, y: -5, width: inner + 10, height: 10_000 }))
        mark.before(clip)
        mark.setAttribute('clip-path', `url(#${id})`)
      }
      for (const element of mark.children) moved(element, k, x0)
    }
    svg.classList.toggle('zoomed', !whole)
    for (const axis of all('[data-is="axis"]', svg)) {
      const [, y] = /translate\([\d.]+,([\d.]+)\)/.exec(axis.firstElementChild?.getAttribute('transform') ?? '') ?? []
      if (Number(y) < 2) continue
      axis.style.display = whole ? '' : 'none'
      axis.parentNode.querySelector('.zoom-axis')?.remove()
      if (whole) continue
      const group = drawn('g', { class: 'zoom-axis', transform: `translate(0.5,${y})`, fill: 'var(--muted)', 'font-size': 11 })
      group.append(drawn('path', { d: `M0,0H${inner}`, stroke: 'var(--line-strong)' }))
      const step = tickStep(toS - fromS)
      for (let tick = Math.ceil(fromS / step) * step; tick <= toS + step / 1000; tick += step) {
        const x = ((tick - fromS) / (toS - fromS)) * inner
        const label = drawn('text', { x, y: 17, 'text-anchor': 'middle' })
        label.textContent = `${Number(tick.toPrecision(6))} s`
        group.append(drawn('path', { d: `M${x},0v4`, stroke: 'var(--line-strong)' }), label)
      }
      axis.parentNode.append(group)
    }
  }

  const buttons = []
  const zoom = (fromS, toS) => {
    const least = endsS / 200
    const [a, b] = [Math.max(0, Math.min(fromS, toS)), Math.min(endsS, Math.max(fromS, toS))]
    if (b - a < least) return
    shown = { fromS: a, toS: b }
    for (const { plots } of figures) for (const plot of plots) for (const svg of all('svg', plot)) zoomOne(svg, shown)
    for (const { button, stretch } of buttons) button.setAttribute('aria-pressed', String(stretch.fromS === a && stretch.toS === b))
  }

  for (const bar of all('.zoom')) {
    const stretches = JSON.parse(bar.textContent)
    bar.append(made('span', { className: 'muted', textContent: 'Show' }))
    for (const stretch of [{ name: 'whole run', fromS: 0, toS: endsS }, ...stretches]) {
      const button = made('button', { type: 'button', textContent: stretch.name })
      button.setAttribute('aria-pressed', String(stretch.fromS === 0 && stretch.toS === endsS))
      button.addEventListener('click', () => zoom(stretch.fromS, stretch.toS))
      buttons.push({ button, stretch })
      bar.append(button)
    }
    bar.append(made('span', { className: 'muted wide-only', textContent: 'or drag over a chart; Escape shows all' }))
  }
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') zoom(0, endsS)
  })

  /** Where a pointer is on the axis, in seconds and as a share of the plot. */
  const under = (plot, event) => {
    const svg = plot.querySelector('svg')
    const box = svg.getBoundingClientRect()
    const scale = box.width / svg.viewBox.baseVal.width
    const left = Number(svg.dataset.left) * scale
    const inner = Number(svg.dataset.inner) * scale
    const share = Math.min(1, Math.max(0, (event.clientX - box.left - left) / inner))
    return { atS: shown.fromS + share * (shown.toS - shown.fromS), x: left + share * inner, left, inner }
  }
  const nearest = (points, atS) => {
    let best
    for (const point of points) if (!best || Math.abs(point[0] - atS) < Math.abs(best[0] - atS)) best = point
    return best && Math.abs(best[0] - atS) <= endsS / 20 ? best : undefined
  }
  const rounded = (value) => {
    const size = Math.abs(value)
    return value.toLocaleString('en', { maximumFractionDigits: size >= 100 ? 0 : size >= 1 ? 1 : 3 })
  }

  for (const { readings, plots } of figures) {
    for (const plot of plots) {
      plot.classList.add('plot')
      const hair = made('div', { className: 'hair', hidden: true })
      const told = made('div', { className: 'told-at', hidden: true })
      const swept = made('div', { className: 'swept', hidden: true })
      for (const element of [hair, told, swept]) element.setAttribute('aria-hidden', 'true')
      plot.append(hair, told, swept)
      let from
      plot.addEventListener('pointermove', (event) => {
        const { atS, x, left, inner } = under(plot, event)
        hair.hidden = false
        hair.style.left = `${x}px`
        told.replaceChildren(made('div', { textContent: `${atS.toFixed(endsS > 600 ? 0 : 1)} s` }))
        for (const { name, colour, points } of readings) {
          const point = nearest(points, atS)
          if (!point) continue
          const swatch = made('i')
          swatch.style.background = colour
          told.append(made('div', {}, swatch, name, made('b', { textContent: rounded(point[1]) })))
        }
        told.hidden = readings.length === 0
        const right = x > left + inner * 0.7
        told.style.left = right ? '' : `${x + 12}px`
        told.style.right = right ? `${plot.clientWidth - x + 12}px` : ''
        if (from === undefined) return
        swept.hidden = false
        swept.style.left = `${Math.min(from.x, x)}px`
        swept.style.width = `${Math.abs(x - from.x)}px`
      })
      plot.addEventListener('pointerleave', () => {
        hair.hidden = told.hidden = true
      })
      plot.addEventListener('pointerdown', (event) => {
        if (event.button !== 0 || event.pointerType === 'touch') return
        event.preventDefault()
        plot.setPointerCapture(event.pointerId)
        from = under(plot, event)
      })
      plot.addEventListener('pointerup', (event) => {
        if (from === undefined) return
        const to = under(plot, event)
        if (Math.abs(to.x - from.x) > 6) zoom(from.atS, to.atS)
        from = undefined
        swept.hidden = true
      })
      plot.addEventListener('dblclick', () => zoom(0, endsS))
    }
  }
}
