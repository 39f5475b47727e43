// The smallest program.

const name: string = process.argv[2] ?? 'world'
console.log(`hello, ${name}`)
