/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

#define DMS_TYPE_TOKEN_LIST (dms_token_list_get_type ())

/* A list of tokens, {"tok":[...]}. Immutable and counted. */
typedef struct _DmsTokenList DmsTokenList;

GType dms_token_list_get_type (void);

DmsTokenList *dms_token_list_new_empty (void);
/* @tokens: an array of DmsToken, of which the list takes references. */
DmsTokenList *dms_token_list_new (GPtrArray *tokens);
DmsTokenList *dms_token_list_new_single (DmsToken *token);
/* Reads {"tok":[...]}, {"tok":null}, {}, null or nothing; tokens of other kinds than "dms" are left out.
 * @max_size: the most bytes to accept, DMS_TOKEN_MAX_LIST_SIZE for what came with a message. */
DmsTokenList *dms_token_list_new_from_data (const char *data, gsize size, gsize max_size, GError **error);
DmsTokenList *dms_token_list_new_from_bytes (GBytes *bytes, GError **error);
/* From part of a larger message, such as {"Token": ...}; also takes one token by itself. It is read from
 * the bytes, because a JSON tree cannot hold every number of a token. @object: (nullable). */
DmsTokenList *dms_token_list_new_from_member (GBytes *object, const char *name, GError **error);
DmsTokenList *dms_token_list_ref (DmsTokenList *self);
void dms_token_list_unref (DmsTokenList *self);

guint dms_token_list_get_size (DmsTokenList *self);
DmsToken *dms_token_list_get (DmsTokenList *self, guint index);
/* Both lists one after the other. */
DmsTokenList *dms_token_list_join (DmsTokenList *a, DmsTokenList *b);
/* Compact JSON without a line end; {} when empty. */
char *dms_token_list_to_string (DmsTokenList *self);
GBytes *dms_token_list_to_bytes (DmsTokenList *self);
/* As a member of a larger message. */
void dms_token_list_write (DmsTokenList *self, DmsWireWriter *writer, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTokenList, dms_token_list_unref)

G_END_DECLS
