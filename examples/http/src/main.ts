// A web server that brings its template and its static files along: they are read with node:fs, and
// the executable has them inside. Prints its address when it listens; stops on SIGTERM.

import path from 'node:path'

import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'

import { describeHost } from './host.ts'
import { renderPage } from './page.ts'

const server = Fastify()

await server.register(fastifyStatic, {
  root: path.join(import.meta.dirname, '../public'),
  prefix: '/static/',
})

server.get('/', async (_request, reply) =>
  reply.type('text/html').send(renderPage({ title: 'Ingot', visitor: 'you' })),
)

server.get<{ Params: { name: string } }>('/api/hello/:name', async ({ params }) => ({ hello: params.name }))

server.get('/api/host', async () => describeHost())

const { HOST = '127.0.0.1', PORT = '8080' } = process.env
const address = await server.listen({ host: HOST, port: Number(PORT) })
console.log(`listening on ${address}`)

process.once('SIGTERM', () => void server.close())
