import { describe, expect, test } from 'vitest'
import { promptsOf, readStream } from './helpers.ts'

async function paramsOfRow(header: string, row: string) {
  const reading = await readStream('csv', `${header}\n${row}\n`)
  expect(reading.badLines).toEqual([])
  return reading.rows[0]?.params
}

describe('columns', () => {
  test.each(['prompt', 'text', 'caption', 'TEXT', 'Prompt', 'p', ' Caption '])('%s is the prompt', async (name) => {
    expect((await readStream('csv', `seed,${name}\n1,a cat\n`)).rows).toEqual([
      { prompt: 'a cat', params: { seed: 1 } },
    ])
  })

  test.each([
    ['negative_prompt', ['negative_prompt', 'negative', 'negativeprompt', 'Negative prompt'], 'blurry', 'blurry'],
    ['seed', ['seed', 'se', 'Seed'], '42', 42],
    ['steps', ['steps', 'step', 'st', 'num_inference_steps'], '30', 30],
    ['cfg_scale', ['cfg_scale', 'cfg', 'guidance_scale', 'c', 'CFG scale'], '7.5', 7.5],
    ['sampler', ['sampler', 'sampler_name', 'sa'], 'euler_a', 'euler_a'],
    ['width', ['width', 'Width'], '1024', 1024],
    ['height', ['height'], '768', 768],
    ['model', ['model', 'checkpoint', 'sd_model_checkpoint'], '1.5', '1.5'],
    ['id', ['id', 'custom_id', 'key'], '007', '007'],
  ])('%s is known by its other names', async (canonical, names, cell, value) => {
    for (const name of names) expect(await paramsOfRow(`prompt,${name}`, `a,${cell}`)).toEqual({ [canonical]: value })
  })

  test('size gives width and height, unless they are there or it is no size', async () => {
    expect(await paramsOfRow('prompt,size', 'a,1024x768')).toEqual({ width: 1024, height: 768 })
    expect(await paramsOfRow('prompt,Size', 'a,512 × 640')).toEqual({ width: 512, height: 640 })
    expect(await paramsOfRow('prompt,size', 'a,auto')).toEqual({ size: 'auto' })
    expect(await paramsOfRow('prompt,size,width', 'a,1x2,3')).toEqual({ size: '1x2', width: 3 })
  })

  test('of several names for one thing the best wins and the others are kept as they are', async () => {
    const reading = await readStream('csv', 'text,Prompt,prompt,cfg,guidance_scale\na,b,c,1,2\n')
    expect(reading.rows).toEqual([
      { prompt: 'c', params: { text: 'a', Prompt: 'b', cfg_scale: 1, guidance_scale: '2' } },
    ])
  })

  test('unknown columns are kept as text and empty cells are left out', async () => {
    expect(await paramsOfRow('prompt,Category,constructor,seed,rank', 'a,,7,,08')).toEqual({
      constructor: '7',
      rank: '08',
    })
  })

  test('numbers that do not look like numbers stay text', async () => {
    expect(await paramsOfRow('prompt,steps,cfg,width', 'a,auto,"7,5",0x10')).toEqual({
      steps: 'auto',
      cfg_scale: '7,5',
      width: '0x10',
    })
  })

  test('a seed is a whole number from 0 to 2^53 - 1, however written', async () => {
    const seeds = ['0', '9007199254740991', '42.0', ' 7 ', '', '-1', '1.5', '9007199254740992', '1e99', 'random']
    const reading = await readStream('csv', `prompt,seed\n${seeds.map((seed) => `p${seed},${seed}`).join('\n')}\n`)
    expect(reading.rows.map((row) => row.params['seed'])).toEqual([0, Number.MAX_SAFE_INTEGER, 42, 7, undefined])
    expect(reading.badLines.map(({ line }) => line)).toEqual([7, 8, 9, 10, 11])
    expect(reading.badLines[0]?.reason).toBe(
      'the seed is -1; it must be a whole number from 0 to 9007199254740991, or empty',
    )
  })

  test('in jsonl the same names hold, and values keep their types', async () => {
    const reading = await readStream(
      'jsonl',
      [
        '{"caption":"a","num_inference_steps":"20","cfg":7,"custom_id":12,"tags":["x",{"y":null}],"extra":1.5,"model":null}',
        '{"prompt":"b","seed":"9","size":"64x32"}',
        '{"prompt":"c","seed":-1}',
        '{"prompt":"d","seed":[1]}',
        '{"prompt":"e","id":12345678901234567890}',
      ].join('\n'),
    )
    expect(reading.rows).toEqual([
      { prompt: 'a', params: { steps: 20, cfg_scale: 7, id: '12', tags: ['x', { y: null }], extra: 1.5 } },
      { prompt: 'b', params: { seed: 9, width: 64, height: 32 } },
    ])
    expect(reading.badLines.map(({ line }) => line)).toEqual([3, 4, 5])
    expect(promptsOf(reading)).toHaveLength(2)
  })
})
