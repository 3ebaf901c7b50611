/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-content-record.h"

#include "values/dms-value-private.h"

/**
 * DmsContentRecord:
 *
 * What a storage keeps and how to find it again. Immutable and counted.
 */
struct _DmsContentRecord
{
  char *scheme;
  JsonObject *params;
  guint64 size_bytes;
  guint64 n_files;
  char *digest;
};

G_DEFINE_BOXED_TYPE (DmsContentRecord, dms_content_record, dms_content_record_ref, dms_content_record_unref)

/**
 * dms_content_record_new:
 * @scheme: the kind of storage
 * @params: (nullable): where it is: the storage's own parameters
 * @size_bytes: size in bytes
 * @n_files: number of files
 * @digest: (nullable): digest of the content, such as `sha256:…`
 *
 * Makes a record.
 *
 * Returns: (transfer full): the value
 */
DmsContentRecord *
dms_content_record_new (const char *scheme,
                        JsonObject *params,
                        guint64 size_bytes,
                        guint64 n_files,
                        const char *digest)
{
  DmsContentRecord *self = g_atomic_rc_box_new0 (DmsContentRecord);

  self->scheme = g_strdup (scheme != NULL && scheme[0] != '\0' ? scheme : NULL);
  self->params = params != NULL ? dms_value_copy_object (params) : NULL;
  self->size_bytes = size_bytes;
  self->n_files = n_files;
  self->digest = g_strdup (digest != NULL && digest[0] != '\0' ? digest : NULL);
  return self;
}

/**
 * dms_content_record_get_scheme:
 * @self: a content record
 *
 * Returns: (transfer none): the kind of storage
 */
const char *
dms_content_record_get_scheme (DmsContentRecord *self)
{
  return self->scheme;
}

/**
 * dms_content_record_get_params:
 * @self: a content record
 *
 * Returns: (transfer none) (nullable): where it is: the storage's own parameters
 */
JsonObject *
dms_content_record_get_params (DmsContentRecord *self)
{
  return self->params;
}

/**
 * dms_content_record_get_size_bytes:
 * @self: a content record
 *
 * Returns: size in bytes
 */
guint64
dms_content_record_get_size_bytes (DmsContentRecord *self)
{
  return self->size_bytes;
}

/**
 * dms_content_record_get_n_files:
 * @self: a content record
 *
 * Returns: number of files
 */
guint64
dms_content_record_get_n_files (DmsContentRecord *self)
{
  return self->n_files;
}

/**
 * dms_content_record_get_digest:
 * @self: a content record
 *
 * Returns: (transfer none) (nullable): digest of the content, such as `sha256:…`
 */
const char *
dms_content_record_get_digest (DmsContentRecord *self)
{
  return self->digest;
}

/**
 * dms_content_record_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsContentRecord *
dms_content_record_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsContentRecord) self = g_atomic_rc_box_new0 (DmsContentRecord);

  dms_value_reader_open (&reader, node, "content record");
  self->scheme = g_strdup (dms_value_reader_get_text (&reader, "scheme"));
  self->params = dms_value_reader_copy_object (&reader, "params");
  self->size_bytes = dms_value_reader_get_uint (&reader, "size_bytes", G_MAXINT64);
  self->n_files = dms_value_reader_get_uint (&reader, "n_files", G_MAXINT64);
  self->digest = g_strdup (dms_value_reader_get_text (&reader, "digest"));
  if (self->scheme == NULL)
    dms_value_reader_fail (&reader, "scheme", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_content_record_to_json:
 * @self: a content record
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_content_record_to_json (DmsContentRecord *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "scheme", self->scheme);
  if (self->params != NULL)
    json_object_set_object_member (object, "params", json_object_ref (self->params));
  json_object_set_member (object, "size_bytes", dms_value_new_uint_node (self->size_bytes));
  json_object_set_member (object, "n_files", dms_value_new_uint_node (self->n_files));
  dms_value_set_text (object, "digest", self->digest);
  return dms_value_take_object (object);
}

/**
 * dms_content_record_ref:
 * @self: a content record
 *
 * Returns: (transfer full): @self
 */
DmsContentRecord *
dms_content_record_ref (DmsContentRecord *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_content_record_clear (gpointer data)
{
  DmsContentRecord *self = data;

  g_free (self->scheme);
  g_clear_pointer (&self->params, json_object_unref);
  g_free (self->digest);
}

/**
 * dms_content_record_unref:
 * @self: (transfer full): a content record
 *
 * Gives up a reference.
 */
void
dms_content_record_unref (DmsContentRecord *self)
{
  g_atomic_rc_box_release_full (self, dms_content_record_clear);
}

/**
 * dms_content_record_equal:
 * @a: a content record
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_content_record_equal (DmsContentRecord *a, DmsContentRecord *b)
{
  return g_strcmp0 (a->scheme, b->scheme) == 0
         && dms_value_object_equal (a->params, b->params)
         && a->size_bytes == b->size_bytes
         && a->n_files == b->n_files
         && g_strcmp0 (a->digest, b->digest) == 0;
}
