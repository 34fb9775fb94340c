/** Who a node is: an Ed25519 key in a file of its data directory; its libp2p peer id is the node's id. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MeshError } from '../../core/errors.ts'
import type { NodeId } from '../../core/ids.ts'

/** A new key, as libp2p writes it. */
export async function makeIdentity(): Promise<Uint8Array> {
  return privateKeyToProtobuf(await generateKeyPair('Ed25519'))
}

/** The node id of a key. @throws MESH_DATA_DIR where the bytes are no key */
export function nodeIdOf(key: Uint8Array): NodeId {
  try {
    return peerIdFromPrivateKey(privateKeyFromProtobuf(key)).toString()
  } catch (error) {
    throw new MeshError(
      'MESH_DATA_DIR',
      'node.key of the data directory is no key: restore it, or delete it to become a new node',
      { cause: error },
    )
  }
}
