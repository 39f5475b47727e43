// Dependency injection by the types of constructor parameters, and HTML by JSX.

import { Injectable, resolve } from '@inject'
import { Fragment, h } from '@ui/html'

declare const console: { log(text: string): void }

@Injectable()
class Clock {
  year(): number {
    return 2026
  }
}

@Injectable()
class Greeter {
  constructor(private readonly clock: Clock) {}

  greet(name: string): string {
    return `Hello, ${name}, in ${this.clock.year()}`
  }
}

@Injectable()
class Page {
  constructor(
    private readonly greeter: Greeter,
    private readonly clock: Clock,
  ) {}

  render(names: readonly string[]): JSX.Element {
    return (
      <>
        <h1 class="title">{names.length} guests</h1>
        <ul>
          {names.map((name) => (
            <li>{this.greeter.greet(name)}</li>
          ))}
        </ul>
        <footer year={this.clock.year()} />
      </>
    )
  }
}

console.log(`${resolve(Page).render(['Ada', 'Grace & Co'])}`)
