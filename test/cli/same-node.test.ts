/** Tests of what is proposed to users: it asks the node that they asked. */
import { describe, expect, test } from 'vitest'
import { forUser, isLeftBehind, onSameNode, quoteWord, sameNode } from '../../src/cli/same-node.ts'
import { MeshError } from '../../src/core/errors.ts'

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
const reset = Object.assign(new Error('read'), { code: 'ECONNRESET' })
const unreachable = (cause: Error) =>
  new MeshError('MESH_NO_NODE', 'no node answers at http://127.0.0.1:1 (X): is it still running?', { cause })

describe('a command that is proposed', () => {
  test('names the node as the user did, as a shell takes it', () => {
    expect(sameNode({})).toBe('')
    expect(sameNode({ data: 'my data' })).toBe(" --data 'my data'")
    expect(sameNode({ node: 'http://127.0.0.1:7170', tokenFile: 'token' })).toBe(
      ' --node http://127.0.0.1:7170 --token-file token',
    )
    expect(quoteWord("it's")).toBe("'it'\\''s'")
    expect(quoteWord('~/x')).toBe("'~/x'")
  })

  test.each([
    ['see `promptmesh tasks images`', 'see `promptmesh tasks images --data d`'],
    [
      '`promptmesh batches` and `promptmesh status -w`',
      '`promptmesh batches --data d` and `promptmesh status -w --data d`',
    ],
    ['start one with `promptmesh up --data /x`', 'start one with `promptmesh up --data /x`'],
    ['`promptmesh up` starts it', '`promptmesh up --data d` starts it'],
    ['`promptmesh help seed`', '`promptmesh help seed`'],
    ['`promptmesh config show`', '`promptmesh config show`'],
    ['no command here', 'no command here'],
  ])('by a node is completed: %s', (text, expected) => {
    expect(onSameNode(text, { data: 'd' })).toBe(expected)
    expect(onSameNode(text, {})).toBe(text)
  })

  test('to start a node never names an address', () => {
    const options = { node: 'http://127.0.0.1:7170', tokenFile: 't' }
    expect(onSameNode('`promptmesh up`, `promptmesh status`', options)).toBe(
      '`promptmesh up`, `promptmesh status --node http://127.0.0.1:7170 --token-file t`',
    )
  })
})

describe('an error', () => {
  test('of a node that is gone says so, with what starts it', () => {
    expect(forUser(unreachable(refused), { data: 'd' })).toMatchObject({
      code: 'MESH_NO_NODE',
      message:
        'no node answers at http://127.0.0.1:1 (X): the node of this data directory does not run; start it with `promptmesh up --data d`',
    })
    expect(forUser(unreachable(reset), {})).toMatchObject({
      message: 'no node answers at http://127.0.0.1:1 (X): it has stopped meanwhile; start it with `promptmesh up`',
    })
  })

  test('of a node asked by its address stays as it is', () => {
    const error = unreachable(refused)
    expect(forUser(error, { node: 'http://127.0.0.1:1', tokenFile: 't' })).toBe(error)
  })

  test('that is none of ours stays as it is', () => {
    const error = new TypeError('a defect')
    expect(forUser(error, { data: 'd' })).toBe(error)
  })

  test('tells an api.json that was left behind from a node that is silent', () => {
    expect(isLeftBehind(unreachable(refused))).toBe(true)
    expect(isLeftBehind(new MeshError('MESH_NOT_ALLOWED', 'wrong token'))).toBe(true)
    expect(isLeftBehind(unreachable(reset))).toBe(false)
    expect(isLeftBehind(new MeshError('MESH_NO_NODE', 'silent for 30 s'))).toBe(false)
  })
})
