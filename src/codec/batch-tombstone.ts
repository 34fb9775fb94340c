/** What a deleted batch has in place of its fields, the same for all: a tombstone has no room for them. */
const NOBODY = { counter: 0, node: '' } as const

export const NO_FIELDS = {
  profile: { value: '', ...NOBODY },
  priority: { value: 0, ...NOBODY },
  maxAttempts: { value: 1, ...NOBODY },
  timeoutMs: { value: null, ...NOBODY },
  paused: { value: false, ...NOBODY },
  cancelled: { value: false, ...NOBODY },
  born: { value: 0, ...NOBODY },
} as const
