import { describe, expect, test } from 'vitest'
import { promptsOf, readStream } from './helpers.ts'

async function reasonFor(line: string): Promise<string> {
  const reading = await readStream('jsonl', `"sound"\n${line}\n"sound too"\n`)
  expect(promptsOf(reading)).toEqual(['sound', 'sound too'])
  expect(reading.badLines).toMatchObject([{ line: 2 }])
  return reading.badLines[0]?.reason ?? ''
}

describe('jsonl', () => {
  test('a line is an object with a prompt or a string', async () => {
    const reading = await readStream('jsonl', '\ufeff{"prompt":"a\\n\\"b\\" 🦊","Note":"n"}\r\n\r\n "c" \n')
    expect(reading.rows).toEqual([
      { prompt: 'a\n"b" 🦊', params: { Note: 'n' } },
      { prompt: 'c', params: {} },
    ])
    expect(reading).toMatchObject({ blank: 1, bad: 0 })
  })

  test('a line of an OpenAI batch file is taken as it is', async () => {
    const line = {
      custom_id: 'r-1',
      method: 'POST',
      url: '/v1/images',
      body: { model: 'm', prompt: 'a', size: '8x9', url: 'u' },
    }
    const reading = await readStream('jsonl', JSON.stringify(line))
    expect(reading.rows).toEqual([
      {
        prompt: 'a',
        params: { id: 'r-1', method: 'POST', url: '/v1/images', model: 'm', width: 8, height: 9, 'body.url': 'u' },
      },
    ])
  })

  test('a body beside a prompt is a parameter', async () => {
    const reading = await readStream('jsonl', '{"prompt":"a","body":{"prompt":"b"}}')
    expect(reading.rows).toEqual([{ prompt: 'a', params: { body: { prompt: 'b' } } }])
  })

  test.each([
    ['{"prompt":"a"', 'is not JSON: '],
    ['7', 'is neither an object nor a string'],
    ['null', 'is neither an object nor a string'],
    ['["a"]', 'is neither an object nor a string'],
    ['{"promt":"a","n":1}', 'has no prompt, only "promt", "n"'],
    ['{}', 'has no prompt'],
    ['{"body":{"messages":[]}}', 'has no prompt, only "messages"'],
    ['{"prompt":["a"]}', 'its prompt is not text'],
    ['{"prompt":" "}', 'the prompt is empty'],
    ['""', 'the prompt is empty'],
    ['"a\\u0000b"', 'contains a NUL character'],
    ['{"prompt":"a","n":["\\u0000"]}', 'contains a NUL character'],
    ['"\\ud83e"', 'contains half of a surrogate pair'],
    ['{"prompt":"a","n":{"\\udd8a":1}}', 'contains half of a surrogate pair'],
    ['{"prompt":"a","n":1e999}', 'contains a number that is too large'],
    [`{"prompt":"a","n":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'is nested deeper than 32 levels'],
    [`{"prompt":"a","n":"${'x'.repeat(65_530)}"}`, 'the parameters have 65538 bytes, 65536 at most'],
    [`{"prompt":"${'x'.repeat(65_537)}"}`, 'the prompt has 65537 bytes, 65536 at most'],
    [`{"prompt":"a","n":"${'x'.repeat(2_000_000)}"}`, 'is longer than 1048576 bytes'],
    [`{"prompt":"a","n":[${Array.from({ length: 9_000 }, () => '0.1').join()}]}`, 'the parameters have'],
  ])('line %#: %.40s is bad', async (line, reason) => {
    expect(await reasonFor(line)).toContain(reason)
  })

  test.each(['{"prompt":"a","__proto__":{"polluted":1}}', '{"prompt":"a","n":[{"__proto__":{"polluted":1}}]}'])(
    'the key __proto__ is refused and does no harm: %s',
    async (line) => {
      expect(await reasonFor(line)).toBe('contains the key __proto__, which is not allowed')
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
    },
  )

  test('a prompt whose escapes take six bytes a character may still have 65,536 bytes', async () => {
    const reading = await readStream('jsonl', `"${'\\u0061'.repeat(65_536)}"`)
    expect(promptsOf(reading)).toEqual(['a'.repeat(65_536)])
  })

  test('control characters of a line do not reach its reason', async () => {
    expect(await reasonFor('\u001b[31m{')).not.toContain('\u001b')
  })
})
