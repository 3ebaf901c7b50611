// SPDX-FileCopyrightText: The DMS authors
// SPDX-License-Identifier: Apache-2.0
//
// A js-libp2p node, driven by JSON lines: {"id": 1, "do": "dial", …} is answered by {"id": 1, …} or
// {"id": 1, "error": "…"}; what happens by itself is told as {"event": "…", …}. p2p-peer.c answers the same
// commands; README.md lists them.
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { quic } from '@chainsafe/libp2p-quic'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { dcutr } from '@libp2p/dcutr'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const ECHO = '/dms-interop/echo/1'
const UPLOAD = '/dms-interop/upload/1'
const SINK = '/dms-interop/sink/1'
const DOWNLOAD = '/dms-interop/download/1'
const GREET = '/dms-interop/greet/1'
const HOLD = '/dms-interop/hold/1'
const RESET = '/dms-interop/reset/1'
const GREETING = 'greetings'
const DIGEST = 32
const DHT = '/nunet/kad/1.0.0'
const NAMESPACE = 'nunet-dht-1'
const BLOCK = 1 << 18
const STREAMS = 2000
const STREAM = { maxInboundStreams: STREAMS, maxOutboundStreams: STREAMS, runOnLimitedConnection: true }

// As the nodes in the field: StrictSign, flood publishing, peer exchange.
const GOSSIP = { globalSignaturePolicy: 'StrictSign', emitSelf: true, floodPublish: true, doPX: true, allowPublishToZeroTopicPeers: true }

let node
let privateKey
const identified = new Map()

function say (object) {
  process.stdout.write(JSON.stringify(object) + '\n')
}

// All that comes from a stream, to its end; fails when it is reset.
function drain (stream, take) {
  return new Promise((resolve, reject) => {
    const end = () => {
      if (stream.status === 'reset' || stream.status === 'aborted') reject(new Error(`the stream was ${stream.status}`))
      else resolve()
    }
    stream.addEventListener('end', end)
    stream.addEventListener('close', (event) => event.error ? reject(event.error) : end())
    stream.addEventListener('message', (event) => {
      for (const chunk of event.data instanceof Uint8Array ? [event.data] : event.data) take(chunk)
    })
    if (stream.readableEnded) end()
  })
}

async function collect (stream) {
  const chunks = []
  await drain(stream, (chunk) => chunks.push(chunk))
  return Buffer.concat(chunks)
}

async function write (stream, bytes) {
  if (!stream.send(bytes)) await stream.onDrain()
}

// So many bytes that nobody can guess the order of; answers their SHA-256.
async function pour (stream, size, hashing = true) {
  const block = randomBytes(BLOCK)
  const hash = createHash('sha256')
  for (let at = 0; at < size;) {
    const chunk = Buffer.from(block.subarray(0, Math.min(BLOCK, size - at)))
    if (chunk.length >= 8) chunk.writeBigUInt64BE(BigInt(at))
    if (hashing) hash.update(chunk)
    await write(stream, chunk)
    at += chunk.length
  }
  return hash.digest()
}

function serve (protocol, handler) {
  return node.handle(protocol, (stream, connection) => {
    handler(stream, connection).catch((error) => say({ event: 'failed', protocol, error: error.message }))
  }, STREAM)
}

async function onEcho (stream) {
  await drain(stream, (chunk) => stream.send(chunk))
  await stream.close()
}

async function onUpload (stream) {
  const hash = createHash('sha256')
  await drain(stream, (chunk) => hash.update(chunk))
  stream.send(hash.digest())
  await stream.close()
}

// How many bytes came: for measurements, which hashing would spoil.
async function onSink (stream) {
  const size = Buffer.alloc(8)
  let heard = 0
  await drain(stream, (chunk) => { heard += chunk.length })
  size.writeBigUInt64BE(BigInt(heard))
  stream.send(size)
  await stream.close()
}

async function onDownload (stream) {
  const request = await collect(stream)
  const hash = await pour(stream, Number(request.readBigUInt64BE()))
  stream.send(hash)
  await stream.close()
}

// Says its word, ends its half first, and then listens.
async function onGreet (stream) {
  const hash = createHash('sha256')
  let size = 0
  const all = drain(stream, (chunk) => {
    hash.update(chunk)
    size += chunk.length
  })
  stream.send(Buffer.from(GREETING))
  await stream.close()
  await all
  say({ event: 'received', size, sha256: hash.digest('hex') })
}

async function onHold (stream) {
  let size = 0
  try {
    await drain(stream, (chunk) => { size += chunk.length })
    say({ event: 'ended', how: 'end', size })
    await stream.close()
  } catch (error) {
    say({ event: 'ended', how: 'reset', size })
  }
}

async function onReset (stream) {
  stream.addEventListener('message', () => stream.abort(new Error('reset, as asked')))
}

async function onMessage (inbox, stream, connection) {
  const bytes = await collect(stream)
  const size = Number(bytes.readBigUInt64LE())
  say({ event: 'message', inbox, peer: connection.remotePeer.toString(), whole: size === bytes.length - 8,
    body: bytes.subarray(8).toString('utf8') })
  await stream.close()
}

// What the nodes in the field keep in their table: Advertisement { peer_id = 1, timestamp = 2, data = 3, signature = 4,
// public_key = 5 }, all short enough here for lengths of one or two bytes.
function varint (value) {
  const bytes = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128)
  return [...bytes, value]
}

function field (number, bytes) {
  return Buffer.concat([Buffer.from([number << 3 | 2, ...varint(bytes.length)]), bytes])
}

function signedOf (peer, timestamp, data, key) {
  return Buffer.concat([Buffer.from(peer), Buffer.from([timestamp & 255]), data, key])
}

async function makeAdvertisement (data) {
  const timestamp = Math.floor(Date.now() / 1000)
  const peer = node.peerId.toString()
  const key = Buffer.from(node.peerId.publicKey.raw)
  const signature = Buffer.from(await privateKey.sign(signedOf(peer, timestamp, data, key)))
  return Buffer.concat([field(1, Buffer.from(peer)), Buffer.from([2 << 3, ...varint(timestamp)]), field(3, data),
    field(4, signature), field(5, key)])
}

function readAdvertisement (value) {
  const fields = {}
  let at = 0
  const number = () => {
    let result = 0
    for (let shift = 1; ; shift *= 128) {
      result += (value[at] & 127) * shift
      if (value[at++] < 128) return result
    }
  }
  while (at < value.length) {
    const tag = number()
    const size = number()
    if ((tag & 7) === 0) fields[tag >> 3] = size
    else {
      fields[tag >> 3] = Buffer.from(value.subarray(at, at + size))
      at += size
    }
  }
  return { peer: fields[1].toString(), timestamp: fields[2], data: fields[3] ?? Buffer.alloc(0), signature: fields[4], key: fields[5] }
}

async function validate (key, value) {
  const said = readAdvertisement(value)
  const publicKey = publicKeyFromRaw(said.key)
  if (peerIdFromPublicKey(publicKey).toString() !== said.peer) throw new Error('signed with the key of somebody else')
  if (!await publicKey.verify(signedOf(said.peer, said.timestamp, said.data, said.key), said.signature)) {
    throw new Error('a signature that does not fit')
  }
}

function advertisementKey (name, peer) {
  return Buffer.from(`/${NAMESPACE}/-${name}-${peer}`)
}

async function cidOf (name) {
  return CID.createV1(0x55, await sha256.digest(Buffer.from(name)))
}

async function gather (source) {
  const all = []
  for await (const one of source) all.push(one)
  return all
}

// It opens no stream on a relayed connection unless it is told which.
function open (command, protocol) {
  const peer = peerIdFromString(command.peer)
  const relayed = node.getConnections(peer).find((connection) => connection.limits != null)
  const options = { ...STREAM, negotiateFully: command.lazy !== true }
  return relayed == null ? node.dialProtocol(peer, protocol, options) : relayed.newStream(protocol, options)
}

// The node itself tells of a peer only once, and of one that dials it first without addresses.
function tellingMdns (components) {
  const discovery = mdns({ interval: 1000 })(components)
  discovery.addEventListener('peer', ({ detail }) =>
    say({ event: 'discovered', peer: detail.id.toString(), addresses: detail.multiaddrs.map(String) }))
  return discovery
}

function describe (connection) {
  return { peer: connection.remotePeer.toString(), security: connection.encryption, muxer: connection.multiplexer,
    inbound: connection.direction === 'inbound', remote: connection.remoteAddr.toString() }
}

async function timed (action) {
  const begin = process.hrtime.bigint()
  const result = await action()
  return { ...result, us: Number((process.hrtime.bigint() - begin) / 1000n) }
}

const COMMANDS = {
  async start ({ seed, psk, security = ['tls', 'noise'], listen = [], discover = false, dht = false, gossip = false, relay = false,
    serve_relay: servesRelay = false, autonat, punch = false, announce = [] }) {
    const encrypters = { tls, noise }
    // A ping's stream may still be closing when the next one begins.
    const pinging = ping({ maxOutboundStreams: 8, maxInboundStreams: 8 })
    const services = { identify: identify(), identifyPush: identifyPush({ debounce: 10 }), ping: pinging }
    if (dht) {
      services.dht = kadDHT({ protocol: DHT, clientMode: false, peerInfoMapper: passthroughMapper, allowQueryWithZeroPeers: true,
        validators: { [NAMESPACE]: validate }, selectors: { [NAMESPACE]: () => 0 } })
    }
    if (gossip) services.pubsub = gossipsub({ ...GOSSIP, ...(typeof gossip === 'object' ? gossip : {}) })
    if (servesRelay) services.relay = circuitRelayServer()
    if (autonat != null) services.autonat = autonat === 1 ? autoNAT() : autoNATv2()
    if (punch) services.dcutr = dcutr()
    privateKey = await generateKeyPairFromSeed('Ed25519', seed ? Buffer.from(seed, 'hex') : randomBytes(32))
    node = await createLibp2p({
      privateKey,
      addresses: { listen, announce },
      // QUIC has no place for the key of a private network.
      ...(psk
        ? {
            connectionProtector: preSharedKey({ psk: Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${psk}`) }),
            transports: [tcp()]
          }
        : { transports: [tcp(), quic({ maxConcurrentStreamLimit: STREAMS }), ...(relay ? [circuitRelayTransport()] : [])] }),
      connectionEncrypters: security.map((name) => encrypters[name]()),
      streamMuxers: [yamux({ maxInboundStreams: STREAMS, maxOutboundStreams: STREAMS })],
      peerDiscovery: discover ? [tellingMdns] : [],
      services,
      connectionManager: { maxConnections: 1000, inboundConnectionThreshold: 100000, maxIncomingPendingConnections: 1000,
        maxParallelDials: 500 },
      connectionGater: { denyDialMultiaddr: () => false }
    })
    node.addEventListener('peer:identify', ({ detail }) => identified.set(detail.peerId.toString(), detail))
    node.addEventListener('connection:close', ({ detail }) =>
      say({ event: 'closed', peer: detail.remotePeer.toString() }))
    await serve(ECHO, onEcho)
    await serve(UPLOAD, onUpload)
    await serve(SINK, onSink)
    await serve(DOWNLOAD, onDownload)
    await serve(GREET, onGreet)
    await serve(HOLD, onHold)
    await serve(RESET, onReset)
    return { peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) }
  },

  async dial ({ addresses }) {
    return timed(async () => describe(await node.dial(addresses.map((text) => multiaddr(text)))))
  },

  // From nothing to one byte that came back.
  async first_byte ({ addresses }) {
    return timed(async () => {
      const stream = await node.dialProtocol(addresses.map((text) => multiaddr(text)), ECHO, { ...STREAM, negotiateFully: false })
      const came = new Promise((resolve) => stream.addEventListener('message', resolve))
      stream.send(new Uint8Array(1))
      await came
      stream.abort(new Error('enough'))
      return {}
    })
  },

  // Connects and hangs up, one time after the other.
  async dials ({ address, count }) {
    return timed(async () => {
      for (let i = 0; i < count; i++) {
        const connection = await node.dial(multiaddr(address))
        await connection.close()
      }
      return { count }
    })
  },

  async addresses () {
    return { addresses: node.getMultiaddrs().map(String) }
  },

  // Those that somebody has connected to, by its own account.
  async verified () {
    const all = node.components.addressManager.getAddressesWithMetadata()
    return { addresses: all.filter(({ verified }) => verified).map(({ multiaddr: address }) => address.toString()),
      unverified: all.filter(({ verified }) => !verified).map(({ multiaddr: address }) => address.toString()) }
  },

  async disconnect ({ peer }) {
    await node.hangUp(peerIdFromString(peer))
    return {}
  },

  async connections () {
    return { connections: node.getConnections().map(describe) }
  },

  async ping ({ peer }) {
    return { us: 1000 * await node.services.ping.ping(peerIdFromString(peer)) }
  },

  // What identify said last; null when it has said nothing yet.
  async identity ({ peer }) {
    const said = identified.get(peer)
    return { identity: said == null ? null : { agent: said.agentVersion, protocol_version: said.protocolVersion,
      protocols: said.protocols, addresses: said.listenAddrs.map(String), observed: said.observedAddr?.toString(),
      is_signed: said.signedPeerRecord != null } }
  },

  async handle ({ protocol }) {
    await serve(protocol, onEcho)
    return {}
  },

  async echo (command) {
    const stream = await open(command, command.protocol ?? ECHO)
    const bytes = randomBytes(command.size)
    const all = collect(stream)
    await write(stream, bytes)
    await stream.close()
    return { equal: bytes.equals(await all), protocol: stream.protocol }
  },

  async upload (command) {
    const hashing = command.hash !== false
    const stream = await open(command, hashing ? UPLOAD : SINK)
    return timed(async () => {
      const all = collect(stream)
      const sent = await pour(stream, command.size, hashing)
      await stream.close()
      const heard = await all
      if (!hashing) return { equal: heard.readBigUInt64BE() === BigInt(command.size) }
      return { equal: sent.equals(heard), sha256: sent.toString('hex') }
    })
  },

  async download (command) {
    const stream = await open(command, DOWNLOAD)
    return timed(async () => {
      const hash = createHash('sha256')
      let size = 0
      const tail = Buffer.alloc(DIGEST)
      const all = drain(stream, (chunk) => {
        const mine = Math.max(0, Math.min(chunk.length, command.size - size))
        hash.update(chunk.subarray(0, mine))
        tail.set(chunk.subarray(mine, mine + DIGEST), Math.max(0, size - command.size))
        size += chunk.length
      })
      const request = Buffer.alloc(8)
      request.writeBigUInt64BE(BigInt(command.size))
      await write(stream, request)
      await stream.close()
      await all
      const digest = hash.digest()
      return { equal: size === command.size + DIGEST && digest.equals(tail), sha256: digest.toString('hex') }
    })
  },

  // Hears the other half end, and writes on.
  async greet (command) {
    const stream = await open(command, GREET)
    const greeting = await collect(stream)
    const bytes = randomBytes(command.size)
    await write(stream, bytes)
    await stream.close()
    return { greeting: greeting.toString(), sha256: createHash('sha256').update(bytes).digest('hex') }
  },

  async reset (command) {
    const stream = await open(command, HOLD)
    await write(stream, randomBytes(command.size))
    await new Promise((resolve) => setTimeout(resolve, 100))
    stream.abort(new Error('reset, as asked'))
    return {}
  },

  // Has the other side reset the stream.
  async be_reset (command) {
    const stream = await open(command, RESET)
    const all = collect(stream)
    await write(stream, randomBytes(1))
    return { how: await all.then(() => 'end', () => 'reset') }
  },

  // So many streams at the same time, each with words of its own.
  async many (command) {
    const streams = await Promise.all(Array.from({ length: command.count }, () => open(command, ECHO)))
    let equal = 0
    await Promise.all(streams.map(async (stream) => {
      const bytes = randomBytes(command.size)
      const all = collect(stream)
      await write(stream, bytes)
      await stream.close()
      if (bytes.equals(await all)) equal++
    }))
    return { equal }
  },

  // Streams that stay open until the connection ends.
  async hold (command) {
    for (let i = 0; i < command.count; i++) await write(await open(command, HOLD), randomBytes(1))
    return {}
  },

  // The prefix and the body at once: the nodes in the field read the prefix in one read.
  async message ({ peer, inbox, body }) {
    const stream = await open({ peer }, `actor/${inbox}/messages/0.0.1`)
    const bytes = Buffer.from(body, 'utf8')
    const frame = Buffer.alloc(8 + bytes.length)
    frame.writeBigUInt64LE(BigInt(bytes.length))
    bytes.copy(frame, 8)
    await write(stream, frame)
    await stream.close()
    return {}
  },

  async inbox ({ name }) {
    await serve(`actor/${name}/messages/0.0.1`, (stream, connection) => onMessage(name, stream, connection))
    return {}
  },

  // The table: as the nodes in the field use it.
  async dht_advertise ({ name, data }) {
    await node.contentRouting.put(advertisementKey(name, node.peerId), await makeAdvertisement(Buffer.from(data)))
    await node.contentRouting.provide(await cidOf(name))
    return {}
  },

  async dht_query ({ name }) {
    const found = []
    for (const provider of await gather(node.contentRouting.findProviders(await cidOf(name)))) {
      const said = { peer: provider.id.toString(), addresses: provider.multiaddrs.map(String) }
      try {
        said.data = readAdvertisement(await node.contentRouting.get(advertisementKey(name, provider.id))).data.toString()
      } catch (error) {
        said.error = error.message
      }
      found.push(said)
    }
    return { found }
  },

  async dht_find_peer ({ peer }) {
    return { addresses: (await node.peerRouting.findPeer(peerIdFromString(peer))).multiaddrs.map(String) }
  },

  async dht_closest ({ name }) {
    return { peers: (await gather(node.peerRouting.getClosestPeers(Buffer.from(name)))).map((info) => info.id.toString()) }
  },

  async dht_peers () {
    return { peers: [...node.services.dht.routingTable.kb.toIterable()].map((entry) => entry.peerId.toString()) }
  },

  async subscribe ({ topic }) {
    const { pubsub } = node.services
    if (pubsub.getTopics().length === 0) {
      pubsub.addEventListener('message', ({ detail }) => {
        say({ event: 'gossip', topic: detail.topic, from: detail.from.toString(), text: Buffer.from(detail.data).toString() })
      })
    }
    pubsub.subscribe(topic)
    return {}
  },

  async unsubscribe ({ topic }) {
    node.services.pubsub.unsubscribe(topic)
    return {}
  },

  async publish ({ topic, text }) {
    await node.services.pubsub.publish(topic, Buffer.from(text))
    return { accepted: true }
  },

  // Sends a message that it did not sign as it says, to all that are on the topic: `how` says what is wrong.
  async forge ({ topic, text, how, from }) {
    const { pubsub } = node.services
    const build = (payload) => {
      const message = { from: node.peerId.toMultihash().bytes, data: Buffer.from(payload), seqno: randomBytes(8), topic,
        signature: randomBytes(64) }
      if (how === 'from') message.from = peerIdFromString(from).toMultihash().bytes
      if (how === 'unsigned') delete message.signature
      return message
    }
    const message = build(text)
    for (const peer of pubsub.getSubscribers(topic)) pubsub.sendRpc(peer.toString(), { subscriptions: [], messages: [message] })
    return {}
  },

  async mesh ({ topic }) {
    const { pubsub } = node.services
    return { peers: pubsub.getSubscribers(topic).map(String), mesh: pubsub.getMeshPeers(topic) }
  },

  async memory () {
    return { rss: process.memoryUsage().rss }
  },

  async stop () {
    await node?.stop()
    setImmediate(() => process.exit(0))
    return {}
  }
}

process.on('unhandledRejection', (error) => console.error('unhandled:', error))

createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line)
  try {
    say({ id: command.id, ...await COMMANDS[command.do](command) })
  } catch (error) {
    console.error(command.do, error)
    say({ id: command.id, error: `${error?.name}: ${error?.message}`, causes: (error?.errors ?? []).map(String) })
  }
}).on('close', () => process.exit(0))
