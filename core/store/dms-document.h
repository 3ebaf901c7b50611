/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define DMS_TYPE_DOCUMENT (dms_document_get_type ())

typedef struct _DmsDocument DmsDocument;

GType dms_document_get_type (void);

DmsDocument *dms_document_new (const char *id, JsonNode *body, gint64 created_us, gint64 updated_us);
const char *dms_document_get_id (DmsDocument *self);
/* (transfer none): an object; not to be changed. */
JsonNode *dms_document_get_body (DmsDocument *self);
/* Microseconds since the epoch. */
gint64 dms_document_get_created_us (DmsDocument *self);
gint64 dms_document_get_updated_us (DmsDocument *self);

DmsDocument *dms_document_ref (DmsDocument *self);
void dms_document_unref (DmsDocument *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDocument, dms_document_unref)

G_END_DECLS
