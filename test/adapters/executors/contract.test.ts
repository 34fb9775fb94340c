/** The contract of executors, over every executor. */
import { createExecutor } from '../../../src/adapters/executors/registry.ts'
import { executorContract } from '../../contract/executor.ts'
import { createNoopExecutor } from '../../support/noop-executor.ts'

executorContract('sketch', {
  make: ({ context }) => createExecutor('picture', { executor: 'sketch' }, context),
  failing: { params: { width: 1 } },
})

executorContract('command that leaves files', {
  make: ({ context }) => {
    const command = ['/bin/sh', '-c', 'cat > "$PROMPTMESH_OUT/prompt.txt"']
    return createExecutor('files', { executor: 'command', command }, context)
  },
  failing: { prompt: 'a\0b' },
})

executorContract('command that prints', {
  make: ({ context }) => createExecutor('text', { executor: 'command', command: ['cat'] }, context),
  failing: { prompt: '' },
})

executorContract('no-op', { make: () => createNoopExecutor() })
