/** Adds lines such as `3 km`; prints the total in metres. */
export function printSum(text: string, factorOf: (unit: string) => number): void {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const total = lines.reduce((sum, line) => {
    const [amount, unit = ''] = line.trim().split(/\s+/)
    return sum + Number(amount) * factorOf(unit)
  }, 0)
  console.log(`${lines.length} lengths, ${total} m`)
}
