/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-exec-result.h"

#include "values/dms-value-private.h"

/**
 * DmsExecResult:
 *
 * What a command run inside a job answered. Immutable and counted.
 */
struct _DmsExecResult
{
  int exit_code;
  GBytes *out;
  GBytes *err;
};

G_DEFINE_BOXED_TYPE (DmsExecResult, dms_exec_result, dms_exec_result_ref, dms_exec_result_unref)

/**
 * dms_exec_result_new:
 * @exit_code: exit code, 0 to 255; 128 + signal after a signal
 * @out: (nullable): what it wrote to standard output
 * @err: (nullable): what it wrote to standard error
 *
 * Makes a result.
 *
 * Returns: (transfer full): the value
 */
DmsExecResult *
dms_exec_result_new (int exit_code, GBytes *out, GBytes *err)
{
  DmsExecResult *self = g_atomic_rc_box_new0 (DmsExecResult);

  self->exit_code = exit_code;
  self->out = out != NULL ? g_bytes_ref (out) : g_bytes_new_static ("", 0);
  self->err = err != NULL ? g_bytes_ref (err) : g_bytes_new_static ("", 0);
  return self;
}

/**
 * dms_exec_result_get_exit_code:
 * @self: an exec result
 *
 * Returns: exit code, 0 to 255; 128 + signal after a signal
 */
int
dms_exec_result_get_exit_code (DmsExecResult *self)
{
  return self->exit_code;
}

/**
 * dms_exec_result_get_stdout:
 * @self: an exec result
 *
 * Returns: (transfer none): what it wrote to standard output
 */
GBytes *
dms_exec_result_get_stdout (DmsExecResult *self)
{
  return self->out;
}

/**
 * dms_exec_result_get_stderr:
 * @self: an exec result
 *
 * Returns: (transfer none): what it wrote to standard error
 */
GBytes *
dms_exec_result_get_stderr (DmsExecResult *self)
{
  return self->err;
}

/**
 * dms_exec_result_new_from_json:
 * @node: (nullable): `{exit_code, stdout, stderr}`, the streams in base64
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsExecResult *
dms_exec_result_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsExecResult) self = g_atomic_rc_box_new0 (DmsExecResult);

  dms_value_reader_open (&reader, node, "exec result");
  self->exit_code = dms_value_reader_get_int (&reader, "exit_code", G_MININT, G_MAXINT);
  self->out = dms_value_reader_dup_base64 (&reader, "stdout", DMS_VALUE_MAX_BYTES);
  self->err = dms_value_reader_dup_base64 (&reader, "stderr", DMS_VALUE_MAX_BYTES);
  if (self->out == NULL)
    self->out = g_bytes_new_static ("", 0);
  if (self->err == NULL)
    self->err = g_bytes_new_static ("", 0);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_exec_result_to_json:
 * @self: an exec result
 *
 * Returns: (transfer full): `{exit_code, stdout, stderr}`, the streams in base64
 */
JsonNode *
dms_exec_result_to_json (DmsExecResult *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "exit_code", self->exit_code);
  dms_value_set_base64 (object, "stdout", self->out);
  dms_value_set_base64 (object, "stderr", self->err);
  return dms_value_take_object (object);
}

/**
 * dms_exec_result_ref:
 * @self: an exec result
 *
 * Returns: (transfer full): @self
 */
DmsExecResult *
dms_exec_result_ref (DmsExecResult *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_exec_result_clear (gpointer data)
{
  DmsExecResult *self = data;

  g_clear_pointer (&self->out, g_bytes_unref);
  g_clear_pointer (&self->err, g_bytes_unref);
}

/**
 * dms_exec_result_unref:
 * @self: (transfer full): an exec result
 *
 * Gives up a reference.
 */
void
dms_exec_result_unref (DmsExecResult *self)
{
  g_atomic_rc_box_release_full (self, dms_exec_result_clear);
}

/**
 * dms_exec_result_equal:
 * @a: an exec result
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_exec_result_equal (DmsExecResult *a, DmsExecResult *b)
{
  return a->exit_code == b->exit_code
         && g_bytes_equal (a->out, b->out)
         && g_bytes_equal (a->err, b->err);
}
