// What a registry's refusals mean to who pushes.

import { BuildError } from '../../base/diagnostics.ts'

/** Distribution specification, error codes: `{ errors: [{ code, message }] }`. */
function reasonIn(body: string): string {
  try {
    const { errors = [] } = JSON.parse(body) as { errors?: { code?: string; message?: string }[] }
    return errors.map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ')
  } catch {
    return ''
  }
}

/** @param hasCredentials whether the user has any for this registry */
export function refusal(
  registry: string,
  what: string,
  { status, body, hasCredentials }: { status: number; body: string; hasCredentials: boolean },
): BuildError {
  const reason = reasonIn(body)
  const said = `${status}${reason === '' ? '' : `, ${reason}`}`
  if (status === 401) {
    const message = hasCredentials
      ? `the registry ${registry} does not accept the credentials (${said})`
      : `the registry ${registry} asks who you are, and there are no credentials for it (${said})`
    return new BuildError('PUSH_UNAUTHORIZED', message, {
      help: `log in: docker login ${registry}, or podman login ${registry}`,
    })
  }
  if (status === 403) {
    return new BuildError('PUSH_DENIED', `the registry ${registry} does not allow ${what} (${said})`, {
      help: 'check the name of the repository, and whether this user may push to it',
    })
  }
  const help =
    status >= 500 || status === 429
      ? 'push again later: what has arrived is not sent again'
      : 'check the name of the image; if that is right, ask whoever runs the registry'
  return new BuildError('PUSH_REFUSED', `the registry ${registry} refused ${what} (${said})`, { help })
}

export function unreachableRegistry(registry: string, what: string, cause: Error): BuildError {
  const inner = cause.cause as NodeJS.ErrnoException | undefined
  const reason = inner?.code ?? inner?.message ?? cause.message
  const isCertificate = /CERT|SSL|TLS|SELF_SIGNED/.test(reason)
  const help = isCertificate
    ? 'set NODE_EXTRA_CA_CERTS to the certificates of its authority, or pass --insecure for plain HTTP'
    : 'check the name and the connection, and push again: what has arrived is not sent again'
  return new BuildError('PUSH_UNREACHABLE', `no answer from the registry ${registry} to ${what}: ${reason}`, {
    help,
    cause,
  })
}
