/** A status and a task as tests show them. */
import type { BatchView, NodeView, StatusView, TaskDetail } from '../../src/node/api.ts'

export const BATCH: BatchView = {
  name: 'sdxl-1m',
  id: '0123456789abcdef',
  profile: 'sdxl',
  priority: 0,
  paused: false,
  batchCancelled: false,
  total: 1_000_000,
  waiting: 387_560,
  scheduled: 0,
  running: 19,
  completed: 612_408,
  failed: 13,
  cancelled: 0,
  retrying: 48,
  extraExecutions: 0,
  ratePerSecond: 0.98,
  etaSeconds: 392_400,
  blocked: null,
  settled: true,
}

export const NODE: NodeView = {
  name: 'gpu-01',
  id: '12D3',
  state: 'alive',
  reason: null,
  places: 2,
  busy: 2,
  profiles: ['sdxl'],
  medianSeconds: 4.1,
  completed: 181_020,
  failed: 0,
  stolenIn: 41_200,
  stolenOut: 0,
  finishSeconds: 392_400,
  diskFreeBytes: 227_633_266_688,
  version: '0.1.0',
}

export const STATUS: StatusView = {
  schema: 'promptmesh.status/1',
  asked: 'gpu-01',
  viewAgeSeconds: 0.4,
  settled: true,
  members: { alive: 1, suspect: 1, dead: 0, left: 0 },
  slots: { owned: 16_384, unowned: 0, orphaned: 0 },
  batches: [BATCH],
  nodes: [
    NODE,
    { ...NODE, name: 'gpu-09', state: 'suspect', reason: 'no word for 11 s', medianSeconds: null, finishSeconds: null },
  ],
  warnings: ['the disk is nearly full\u001b[31m: make room'],
}

export const TASK: TaskDetail = {
  batch: 'images',
  index: 7,
  label: '7~0a1b',
  id: 'f023e822adb2e5a692f495f580ded510',
  prompt: 'a fox\nand a hare',
  params: { seed: 7 },
  profile: 'sketch',
  seed: 7,
  state: 'COMPLETED',
  attempts: 2,
  node: 'gpu-01',
  seconds: 4.1,
  error: null,
  text: null,
  artifacts: [{ sha256: 'ab'.repeat(32), bytes: 60_396, mime: 'image/png', name: 'sketch.png' }],
  attemptList: [
    { token: 'a', node: 'gpu-02', outcome: 'failed', error: 'out of memory', startedSecondsAgo: null, seconds: 12 },
    { token: 'b', node: 'gpu-01', outcome: null, error: null, startedSecondsAgo: 3, seconds: null },
  ],
}
