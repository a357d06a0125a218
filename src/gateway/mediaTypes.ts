/** Media types: guessed from a file's name on the way in, judged for what a browser may do with them on the way out. */
import { TYPE_CHARS_MAX } from './limits.ts'

const BY_EXTENSION: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  css: 'text/css',
  csv: 'text/csv',
  flac: 'audio/flac',
  gif: 'image/gif',
  gz: 'application/gzip',
  htm: 'text/html',
  html: 'text/html',
  ico: 'image/vnd.microsoft.icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  mjs: 'text/javascript',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  ts: 'text/plain',
  txt: 'text/plain',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  woff2: 'font/woff2',
  xml: 'application/xml',
  zip: 'application/zip',
}

/** What a browser shows without running anything in it. SVG runs scripts and so is not among them. */
const PASSIVE = /^(image\/(avif|bmp|gif|jpeg|png|webp|vnd\.microsoft\.icon)|(audio|video)\/[\w.+-]+|text\/plain)(;|$)/i

/** `type/subtype`, perhaps with parameters, in printable ASCII. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/

/** By the name's extension; empty when that says nothing. */
export function typeByName(name: string): string {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(BY_EXTENSION, extension) ? (BY_EXTENSION[extension] as string) : ''
}

export function isMediaType(text: string): boolean {
  return text.length <= TYPE_CHARS_MAX && MEDIA_TYPE.test(text)
}

/** Whether a browser may show it in place instead of saving it. */
export function isPassive(type: string): boolean {
  return PASSIVE.test(type)
}
