import { describe, expect, test } from 'vitest'
import { inputProblem, promptsOf, readStream } from './helpers.ts'

describe('csv', () => {
  test('a field may contain commas, quotes, newlines, $(x) and emoji', async () => {
    const reading = await readStream('csv', 'prompt,Note\n"a ""red"" fox,\r\nand $(rm -rf /) `x` 🦊",n\na b,\n')
    expect(reading.rows).toEqual([
      { prompt: 'a "red" fox,\r\nand $(rm -rf /) `x` 🦊', params: { Note: 'n' } },
      { prompt: 'a b', params: {} },
    ])
  })

  test('a quote inside a plain field is text', async () => {
    const reading = await readStream('csv', 'prompt,n\nThe word "PEACE" on a wall,1\n5" nails,2\n')
    expect(promptsOf(reading)).toEqual(['The word "PEACE" on a wall', '5" nails'])
  })

  test('CRLF, a byte order mark, blank lines and a missing last line end are fine', async () => {
    const reading = await readStream('csv', '\ufeff\r\nprompt,n\r\n\r\n"a",1\r\n , \r\nb,"2"')
    expect(reading.rows).toEqual([
      { prompt: 'a', params: { n: '1' } },
      { prompt: 'b', params: { n: '2' } },
    ])
    expect(reading).toMatchObject({ blank: 3, bad: 0 })
  })

  test('malformed records are bad, named by the line they start on, and stop nothing', async () => {
    const reading = await readStream(
      'csv',
      'prompt,n\none,1\n"two\nlines",2\n"junk" here,3\nshort\ntoo,many,columns\n,6\n"seven",7\n',
    )
    expect(reading.rows.map((row) => row.params['n'])).toEqual(['1', '2', '7'])
    expect(reading.badLines).toEqual([
      { line: 5, reason: 'text follows a closing quote (a quote inside a quoted field is written twice)' },
      { line: 6, reason: 'has 1 columns where the header has 2' },
      { line: 7, reason: 'has 3 columns where the header has 2' },
      { line: 8, reason: 'the prompt is empty' },
    ])
  })

  test('a quote that is never closed makes one bad record, named by its line', async () => {
    const reading = await readStream('csv', 'prompt,n\na,1\nb,"2\nc,3\nd,4\n')
    expect(promptsOf(reading)).toEqual(['a'])
    expect(reading.badLines).toEqual([
      { line: 3, reason: 'the quote opened in line 3 is never closed; all that follows it was left out' },
    ])
  })

  test('a stray quote that takes rows with it up to the next one says which', async () => {
    const rows = 'a,1\nb,"2\nc,3\n"d",4\ne,5\n'
    const reading = await readStream('csv', `prompt,n\n${rows}`)
    expect(promptsOf(reading)).toEqual(['a', 'e'])
    const reason =
      'text follows a closing quote (a quote inside a quoted field is written twice); lines 3 to 5 were left out'
    expect(reading.badLines).toEqual([{ line: 3, reason }])
    const pieces = Array.from(`prompt,n\n${rows.trimEnd().slice(0, -4)}`, (letter) => Buffer.from(letter))
    expect((await readStream('csv', pieces)).badLines).toEqual([{ line: 3, reason }])
    const long = await readStream('csv', `prompt,n\na,1\n"${'b\n'.repeat(600_000)}",2\nc,3\n`)
    expect(long.badLines).toEqual([
      { line: 3, reason: 'the record is longer than 1048576 bytes; lines 3 to 600003 were left out' },
    ])
  })

  test('a never closed quote keeps its reason however much follows', async () => {
    const reading = await readStream('csv', `prompt\na\n"b\n${'c\n'.repeat(1_000_000)}`)
    expect(reading).toMatchObject({ read: 1, bad: 1 })
    expect(reading.badLines[0]).toMatchObject({ line: 3, reason: expect.stringContaining('never closed') })
  })

  test('a record of more than 1 MiB is bad, one with a prompt over 64 KiB too, and what follows is read', async () => {
    const huge = `"${'many words, '.repeat(200_000)}"`
    const reading = await readStream('csv', `prompt,n\na,1\n${huge},2\n${'x'.repeat(70_000)},3\nb,4\n`)
    expect(promptsOf(reading)).toEqual(['a', 'b'])
    expect(reading.badLines).toEqual([
      { line: 3, reason: 'the record is longer than 1048576 bytes' },
      { line: 4, reason: 'the prompt has 70000 bytes, 65536 at most' },
    ])
  })

  test('NUL bytes and invalid UTF-8 make their record bad, quoted or not', async () => {
    const input = Buffer.concat([
      Buffer.from('prompt,n\none,1\n"tw\0o\nlines",2\n'),
      Buffer.from([0xff, 0x2c, 0x33, 0x0a]),
      Buffer.from('schön,4\n'),
    ])
    const reading = await readStream('csv', input)
    expect(promptsOf(reading)).toEqual(['one', 'schön'])
    expect(reading.badLines).toEqual([
      { line: 3, reason: 'contains a NUL byte' },
      { line: 5, reason: 'is not valid UTF-8' },
    ])
  })

  test('rows whose parameters exceed 64 KiB as JSON are bad', async () => {
    const reading = await readStream('csv', `prompt,Note\na,${'x'.repeat(65_525)}\nb,${'x'.repeat(65_526)}\n`)
    expect(promptsOf(reading)).toEqual(['a'])
    expect(reading.badLines).toEqual([{ line: 3, reason: 'the parameters have 65537 bytes, 65536 at most' }])
  })
})

describe('tsv', () => {
  test('quotes have no meaning and empty cells at the end of a row may be missing', async () => {
    const reading = await readStream(
      'tsv',
      'Prompt\tCategory\tNote\r\n"PEACE" on a wall\tArt\r\nb\t\tn\r\nc\td\te\tf\n',
    )
    expect(reading.rows).toEqual([
      { prompt: '"PEACE" on a wall', params: { Category: 'Art' } },
      { prompt: 'b', params: { Note: 'n' } },
    ])
    expect(reading.badLines).toEqual([{ line: 4, reason: 'has 4 columns where the header has 3' }])
  })
})

describe('a header', () => {
  test('without a prompt column it is an error that lists the columns and guesses', async () => {
    expect(await inputProblem(readStream('csv', 'id,promt,seed\n1,a cat,2\n'))).toBe(
      'the standard input has no prompt column; its columns are "id", "promt", "seed"; rename the one with the prompts to prompt (did you mean "promt"?)',
    )
    expect(await inputProblem(readStream('csv', 'a,b\n1,2\n'))).not.toContain('did you mean')
  })

  test('with another separator it is an error that says so', async () => {
    const semicolons = await inputProblem(readStream('csv', 'prompt;seed\na cat;1\n'))
    expect(semicolons).toContain('its only column is "prompt;seed"')
    expect(semicolons).toContain('separated by ";"')
    expect(await inputProblem(readStream('csv', 'prompt\tseed\na cat\t1\n'))).toContain('name the file .tsv')
  })

  test('with many, long or strange columns it is still one short line', async () => {
    const names = Array.from({ length: 500 }, (_, at) => `"column ${at}\n\u001b[31m${'x'.repeat(100)}"`)
    const message = await inputProblem(readStream('csv', `${names.join(',')}\n`))
    expect(message).toContain('488 more')
    expect(message).not.toContain('\u001b')
    expect(message.length).toBeLessThan(900)
  })

  test('with two columns of one name or one called __proto__ it is an error', async () => {
    expect(await inputProblem(readStream('csv', 'prompt,a,a\nx,1,2\n'))).toContain('two columns are called "a"')
    expect(await inputProblem(readStream('tsv', 'prompt\t__proto__\nx\t1\n'))).toContain('called __proto__')
  })

  test('that cannot be read is an error, not a bad line', async () => {
    expect(await inputProblem(readStream('csv', '"prompt\na cat\n'))).toContain(
      'header cannot be read, line 1: the quote',
    )
    expect(await inputProblem(readStream('csv', `${'x'.repeat(2_000_000)}\na cat\n`))).toContain(
      'longer than 1048576 bytes',
    )
  })

  test('alone it is a file without prompts', async () => {
    expect(await inputProblem(readStream('csv', 'prompt,seed\n'))).toContain('has no prompts')
  })

  test('a column without a name is kept under its number', async () => {
    const reading = await readStream('csv', ',prompt\n7,a cat\n')
    expect(reading.rows).toEqual([{ prompt: 'a cat', params: { column_1: '7' } }])
  })
})
