/** Stands in for the packages of WebRTC, whose addon is not there when install scripts do not run. Import it before webtorrent. */
import { registerHooks } from 'node:module'

const STUB =
  'data:text/javascript,export class RTCPeerConnection{}; export class RTCSessionDescription{}; export class RTCIceCandidate{}; export default {}'

registerHooks({
  resolve(specifier, context, next) {
    if (/^(webrtc-polyfill|node-datachannel)(\/|$)/.test(specifier)) return { url: STUB, shortCircuit: true }
    return next(specifier, context)
  },
})
