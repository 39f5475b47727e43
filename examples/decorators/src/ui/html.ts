// A JSX factory that makes HTML text.

type Child = string | number | Markup | readonly Child[]
type Attributes = object | null

/** Text that is HTML already, and is not escaped again. */
class Markup {
  readonly #html: string

  constructor(html: string) {
    this.#html = html
  }

  toString(): string {
    return this.#html
  }
}

declare global {
  namespace JSX {
    type Element = Markup
    interface IntrinsicElements {
      [tag: string]: Record<string, unknown>
    }
  }
}

export function h(tag: string | typeof Fragment, attributes: Attributes, ...children: Child[]): Markup {
  if (typeof tag === 'function') return tag(attributes, ...children)
  const pairs = Object.entries(attributes ?? {}).map(([name, value]) => ` ${name}="${escape(String(value))}"`)
  return new Markup(`<${tag}${pairs.join('')}>${render(children)}</${tag}>`)
}

export function Fragment(_attributes: Attributes, ...children: Child[]): Markup {
  return new Markup(render(children))
}

function render(child: Child): string {
  if (isList(child)) return child.map(render).join('')
  return child instanceof Markup ? String(child) : escape(String(child))
}

/** Array.isArray does not narrow a union with a readonly array. */
function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
