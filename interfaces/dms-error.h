/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DMS_ERROR:
 *
 * The one error domain of the DMS. Foreign errors are mapped to it once, where they enter.
 */
#define DMS_ERROR (dms_error_quark ())

/**
 * DmsError:
 * @DMS_ERROR_FAILED: something failed that has no code of its own
 * @DMS_ERROR_NOT_SUPPORTED: this backend does not have the operation
 * @DMS_ERROR_INVALID_ARGUMENT: the caller passed something that cannot be meant
 * @DMS_ERROR_INVALID_DATA: bytes from outside are malformed
 * @DMS_ERROR_TOO_LARGE: a bound on size, count or depth is exceeded
 * @DMS_ERROR_NOT_FOUND: the named thing does not exist
 * @DMS_ERROR_ALREADY_EXISTS: the named thing exists already
 * @DMS_ERROR_WRONG_STATE: the thing exists but not in a state that allows this
 * @DMS_ERROR_UNAVAILABLE: a needed program, service or device is missing or does not answer
 * @DMS_ERROR_TIMED_OUT: the time for this has passed
 * @DMS_ERROR_CANCELLED: the caller gave up
 * @DMS_ERROR_PERMISSION_DENIED: the operating system or a policy of this machine refuses
 * @DMS_ERROR_NOT_AUTHORIZED: no capability allows this
 * @DMS_ERROR_BAD_SIGNATURE: a signature does not verify
 * @DMS_ERROR_EXPIRED: a message or token is past its expiry
 * @DMS_ERROR_REVOKED: a token was revoked
 * @DMS_ERROR_REPLAYED: a message was seen before
 * @DMS_ERROR_WRONG_PASSPHRASE: the passphrase does not open this key
 * @DMS_ERROR_NO_RESOURCES: not enough resources are free
 * @DMS_ERROR_OUT_OF_RANGE: a quantity is outside what is allowed
 * @DMS_ERROR_NO_SPACE: the disk is full
 * @DMS_ERROR_IO: reading or writing failed
 * @DMS_ERROR_CORRUPT: a stored file or database is damaged
 * @DMS_ERROR_INCOMPATIBLE: a plugin or file is of another version than this program understands
 * @DMS_ERROR_BUSY: a limit on rate or concurrency is reached; try again later
 *
 * What went wrong, for programs. The message says it for people.
 */
typedef enum {
  DMS_ERROR_FAILED,
  DMS_ERROR_NOT_SUPPORTED,
  DMS_ERROR_INVALID_ARGUMENT,
  DMS_ERROR_INVALID_DATA,
  DMS_ERROR_TOO_LARGE,
  DMS_ERROR_NOT_FOUND,
  DMS_ERROR_ALREADY_EXISTS,
  DMS_ERROR_WRONG_STATE,
  DMS_ERROR_UNAVAILABLE,
  DMS_ERROR_TIMED_OUT,
  DMS_ERROR_CANCELLED,
  DMS_ERROR_PERMISSION_DENIED,
  DMS_ERROR_NOT_AUTHORIZED,
  DMS_ERROR_BAD_SIGNATURE,
  DMS_ERROR_EXPIRED,
  DMS_ERROR_REVOKED,
  DMS_ERROR_REPLAYED,
  DMS_ERROR_WRONG_PASSPHRASE,
  DMS_ERROR_NO_RESOURCES,
  DMS_ERROR_OUT_OF_RANGE,
  DMS_ERROR_NO_SPACE,
  DMS_ERROR_IO,
  DMS_ERROR_CORRUPT,
  DMS_ERROR_INCOMPATIBLE,
  DMS_ERROR_BUSY,
} DmsError;

/* The type's name where the domain's name would be misread. */
typedef DmsError DmsErrorCode;

DMS_EXPORT GQuark dms_error_quark (void);

DMS_EXPORT const char *dms_error_code_get_nick (DmsErrorCode code);

/* A short word for which rule refused, for logs and counters; NULL when there is none. @reason: static. */
DMS_EXPORT void dms_error_set_reason (GError *error, const char *reason);
DMS_EXPORT const char *dms_error_get_reason (const GError *error);

/* Maps an error of GLib, GIO or json-glib to DMS_ERROR in place, with "prefix: " before its message. */
DMS_EXPORT void dms_error_adopt (GError **error, const char *prefix_format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
