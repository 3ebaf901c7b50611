/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-error.h"

#include "dms-enum-types.h"

/* What an error of the domain carries beside its code and message. */
typedef struct
{
  const char *reason;
} DmsErrorPrivate;

static void
dms_error_private_init (DmsErrorPrivate *priv)
{
  priv->reason = NULL;
}

static void
dms_error_private_copy (const DmsErrorPrivate *from, DmsErrorPrivate *to)
{
  to->reason = from->reason;
}

static void
dms_error_private_clear (DmsErrorPrivate *priv)
{
  priv->reason = NULL;
}

/**
 * dms_error_quark:
 *
 * Returns: the error domain of the DMS
 */
G_DEFINE_EXTENDED_ERROR (DmsError, dms_error)

/**
 * dms_error_set_reason:
 * @error: (nullable): an error of %DMS_ERROR
 * @reason: a short word such as `too-deep`; a string that is never freed
 *
 * Says which rule refused, for logs and counters. It stays on this machine: nothing of it is sent.
 */
void
dms_error_set_reason (GError *error, const char *reason)
{
  if (error != NULL && error->domain == DMS_ERROR)
    dms_error_get_private (error)->reason = reason;
}

/**
 * dms_error_get_reason:
 * @error: (nullable): an error
 *
 * Returns: (transfer none) (nullable): the word that dms_error_set_reason() left
 */
const char *
dms_error_get_reason (const GError *error)
{
  if (error == NULL || error->domain != DMS_ERROR)
    return NULL;
  return dms_error_get_private (error)->reason;
}

/**
 * dms_error_code_get_nick:
 * @code: an error code
 *
 * Names a code for logs and wire replies, such as `not-found`.
 *
 * Returns: (transfer none): the name; `failed` for a number that is no code
 */
const char *
dms_error_code_get_nick (DmsErrorCode code)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_ERROR);
  GEnumValue *value = g_enum_get_value (klass, (int) code);

  return value != NULL ? value->value_nick : "failed";
}

static DmsErrorCode
dms_error_from_io (int code)
{
  switch (code)
    {
    case G_IO_ERROR_NOT_FOUND:
    case G_IO_ERROR_NOT_MOUNTED:
      return DMS_ERROR_NOT_FOUND;
    case G_IO_ERROR_EXISTS:
      return DMS_ERROR_ALREADY_EXISTS;
    case G_IO_ERROR_NOT_SUPPORTED:
      return DMS_ERROR_NOT_SUPPORTED;
    case G_IO_ERROR_INVALID_ARGUMENT:
    case G_IO_ERROR_INVALID_FILENAME:
    case G_IO_ERROR_FILENAME_TOO_LONG:
      return DMS_ERROR_INVALID_ARGUMENT;
    case G_IO_ERROR_INVALID_DATA:
      return DMS_ERROR_INVALID_DATA;
    case G_IO_ERROR_MESSAGE_TOO_LARGE:
      return DMS_ERROR_TOO_LARGE;
    case G_IO_ERROR_NO_SPACE:
      return DMS_ERROR_NO_SPACE;
    case G_IO_ERROR_PERMISSION_DENIED:
    case G_IO_ERROR_READ_ONLY:
      return DMS_ERROR_PERMISSION_DENIED;
    case G_IO_ERROR_CANCELLED:
      return DMS_ERROR_CANCELLED;
    case G_IO_ERROR_TIMED_OUT:
      return DMS_ERROR_TIMED_OUT;
    case G_IO_ERROR_BUSY:
    case G_IO_ERROR_WOULD_BLOCK:
    case G_IO_ERROR_TOO_MANY_OPEN_FILES:
      return DMS_ERROR_BUSY;
    case G_IO_ERROR_CONNECTION_REFUSED:
    case G_IO_ERROR_CONNECTION_CLOSED:
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
    case G_IO_ERROR_HOST_NOT_FOUND:
    case G_IO_ERROR_NOT_CONNECTED:
      return DMS_ERROR_UNAVAILABLE;
    default:
      return DMS_ERROR_IO;
    }
}

static DmsErrorCode
dms_error_from_file (int code)
{
  switch (code)
    {
    case G_FILE_ERROR_NOENT:
      return DMS_ERROR_NOT_FOUND;
    case G_FILE_ERROR_EXIST:
      return DMS_ERROR_ALREADY_EXISTS;
    case G_FILE_ERROR_ACCES:
    case G_FILE_ERROR_PERM:
    case G_FILE_ERROR_ROFS:
      return DMS_ERROR_PERMISSION_DENIED;
    case G_FILE_ERROR_NOSPC:
      return DMS_ERROR_NO_SPACE;
    case G_FILE_ERROR_NAMETOOLONG:
    case G_FILE_ERROR_INVAL:
      return DMS_ERROR_INVALID_ARGUMENT;
    case G_FILE_ERROR_MFILE:
    case G_FILE_ERROR_NFILE:
    case G_FILE_ERROR_AGAIN:
      return DMS_ERROR_BUSY;
    default:
      return DMS_ERROR_IO;
    }
}

static DmsErrorCode
dms_error_from_foreign (const GError *error)
{
  if (error->domain == G_IO_ERROR)
    return dms_error_from_io (error->code);
  if (error->domain == G_FILE_ERROR)
    return dms_error_from_file (error->code);
  if (error->domain == G_RESOLVER_ERROR)
    return DMS_ERROR_UNAVAILABLE;
  if (error->domain == JSON_PARSER_ERROR || error->domain == G_KEY_FILE_ERROR
      || error->domain == G_URI_ERROR || error->domain == G_CONVERT_ERROR)
    return DMS_ERROR_INVALID_DATA;
  if (error->domain == G_OPTION_ERROR)
    return DMS_ERROR_INVALID_ARGUMENT;
  return DMS_ERROR_FAILED;
}

/**
 * dms_error_adopt:
 * @error: (inout) (nullable): where the error is
 * @prefix_format: (nullable): what failed, on what, in printf style; %NULL for no prefix
 * @...: the format's arguments
 *
 * Maps an error of GLib, GIO or json-glib to %DMS_ERROR in place, with the prefix and `: ` before its
 * message. An error of %DMS_ERROR keeps its code and reason. Does nothing when no error is set.
 */
void
dms_error_adopt (GError **error, const char *prefix_format, ...)
{
  g_autofree char *prefix = NULL;
  g_autofree char *message = NULL;
  const char *reason = error != NULL ? dms_error_get_reason (*error) : NULL;
  DmsErrorCode code = DMS_ERROR_FAILED;
  va_list args;

  if (error == NULL || *error == NULL)
    return;

  if (prefix_format != NULL)
    {
      va_start (args, prefix_format);
      prefix = g_strdup_vprintf (prefix_format, args);
      va_end (args);
      message = g_strconcat (prefix, ": ", (*error)->message, NULL);
    }
  else
    message = g_strdup ((*error)->message);
  code = (*error)->domain == DMS_ERROR ? (DmsErrorCode) (*error)->code : dms_error_from_foreign (*error);
  g_clear_error (error);
  *error = g_error_new_literal (DMS_ERROR, (int) code, message);
  dms_error_set_reason (*error, reason);
}
