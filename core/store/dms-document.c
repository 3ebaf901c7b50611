/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-document.h"

/* A stored JSON object with its ID and times; immutable. */
struct _DmsDocument
{
  grefcount refs;
  char *id;
  JsonNode *body;
  gint64 created_us;
  gint64 updated_us;
};

G_DEFINE_BOXED_TYPE (DmsDocument, dms_document, dms_document_ref, dms_document_unref)

DmsDocument *
dms_document_new (const char *id, JsonNode *body, gint64 created_us, gint64 updated_us)
{
  DmsDocument *self = g_new0 (DmsDocument, 1);

  g_ref_count_init (&self->refs);
  self->id = g_strdup (id);
  self->body = json_node_ref (body);
  self->created_us = created_us;
  self->updated_us = updated_us;
  return self;
}

DmsDocument *
dms_document_ref (DmsDocument *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
dms_document_unref (DmsDocument *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;

  g_free (self->id);
  json_node_unref (self->body);
  g_free (self);
}

const char *
dms_document_get_id (DmsDocument *self)
{
  return self->id;
}

JsonNode *
dms_document_get_body (DmsDocument *self)
{
  return self->body;
}

gint64
dms_document_get_created_us (DmsDocument *self)
{
  return self->created_us;
}

gint64
dms_document_get_updated_us (DmsDocument *self)
{
  return self->updated_us;
}
