/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-dial-step.h"

#include "values/dms-value-private.h"

/**
 * DmsDialStep:
 *
 * One step on the way to a peer, when it has ended, well or not. Immutable and counted.
 */
struct _DmsDialStep
{
  char *step;
  char *detail;
  gint64 duration_us;
  char *error_text;
};

G_DEFINE_BOXED_TYPE (DmsDialStep, dms_dial_step, dms_dial_step_ref, dms_dial_step_unref)

static char *
dms_dial_step_read_step (DmsValueReader *reader)
{
  const char *text = dms_value_reader_get_text (reader, "step");

  if (text == NULL)
    dms_value_reader_fail (reader, "step", "is missing");
  return g_strdup (text);
}

/**
 * dms_dial_step_new:
 * @step: `resolve`, `connect`, `secure`, `mux`, `identify` or `ping`; a transport may have others
 * @detail: (nullable): what came out of it, for people, such as `198.51.100.7:9000` or `/tls/1.0.0`
 * @duration_us: how long it took, in microseconds
 * @error_text: (nullable): why it failed; %NULL when it did not
 *
 * Makes a value.
 *
 * Returns: (transfer full): the value
 */
DmsDialStep *
dms_dial_step_new (const char *step, const char *detail, gint64 duration_us, const char *error_text)
{
  DmsDialStep *self = NULL;

  g_return_val_if_fail (step != NULL, NULL);

  self = g_atomic_rc_box_new0 (DmsDialStep);
  self->step = g_strdup (step);
  self->detail = detail != NULL && detail[0] != '\0' ? g_strdup (detail) : NULL;
  self->duration_us = MAX (duration_us, 0);
  self->error_text = error_text != NULL && error_text[0] != '\0' ? g_strdup (error_text) : NULL;
  return self;
}

/**
 * dms_dial_step_get_step:
 * @self: a dial step
 *
 * Returns: (transfer none): `resolve`, `connect`, `secure`, `mux`, `identify` or `ping`; a transport may have
 *   others
 */
const char *
dms_dial_step_get_step (DmsDialStep *self)
{
  return self->step;
}

/**
 * dms_dial_step_get_detail:
 * @self: a dial step
 *
 * Returns: (transfer none) (nullable): what came out of it, for people: an address, a protocol, an agent
 */
const char *
dms_dial_step_get_detail (DmsDialStep *self)
{
  return self->detail;
}

/**
 * dms_dial_step_get_duration_us:
 * @self: a dial step
 *
 * Returns: how long it took, in microseconds
 */
gint64
dms_dial_step_get_duration_us (DmsDialStep *self)
{
  return self->duration_us;
}

/**
 * dms_dial_step_get_error_text:
 * @self: a dial step
 *
 * Returns: (transfer none) (nullable): why it failed; %NULL when it did not
 */
const char *
dms_dial_step_get_error_text (DmsDialStep *self)
{
  return self->error_text;
}

/**
 * dms_dial_step_new_from_json:
 * @node: (nullable): `{step, detail, duration_us, error}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsDialStep *
dms_dial_step_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsDialStep) self = g_atomic_rc_box_new0 (DmsDialStep);

  dms_value_reader_open (&reader, node, "dial step");
  self->step = dms_dial_step_read_step (&reader);
  self->detail = g_strdup (dms_value_reader_get_text (&reader, "detail"));
  self->duration_us = dms_value_reader_get_int (&reader, "duration_us", 0, G_MAXINT64);
  self->error_text = g_strdup (dms_value_reader_get_text (&reader, "error"));
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_dial_step_to_json:
 * @self: a dial step
 *
 * Returns: (transfer full): `{step, detail, duration_us, error}`; `detail` and `error` are left out when
 * there is none
 */
JsonNode *
dms_dial_step_to_json (DmsDialStep *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "step", self->step);
  dms_value_set_text (object, "detail", self->detail);
  json_object_set_int_member (object, "duration_us", self->duration_us);
  dms_value_set_text (object, "error", self->error_text);
  return dms_value_take_object (object);
}

/**
 * dms_dial_step_ref:
 * @self: a dial step
 *
 * Returns: (transfer full): @self
 */
DmsDialStep *
dms_dial_step_ref (DmsDialStep *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_dial_step_clear (gpointer data)
{
  DmsDialStep *self = data;

  g_free (self->step);
  g_free (self->detail);
  g_free (self->error_text);
}

/**
 * dms_dial_step_unref:
 * @self: (transfer full): a dial step
 *
 * Gives up a reference.
 */
void
dms_dial_step_unref (DmsDialStep *self)
{
  g_atomic_rc_box_release_full (self, dms_dial_step_clear);
}

/**
 * dms_dial_step_equal:
 * @a: a dial step
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_dial_step_equal (DmsDialStep *a, DmsDialStep *b)
{
  return g_str_equal (a->step, b->step) && g_strcmp0 (a->detail, b->detail) == 0 &&
         a->duration_us == b->duration_us && g_strcmp0 (a->error_text, b->error_text) == 0;
}
