/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes that grow. A failed allocation ends the process: the shim holds nothing that could be saved then. */
typedef struct
{
  char *data;
  size_t length;
  size_t allocated;
} DmsShimBuffer;

void *dms_shim_alloc (size_t size);
char *dms_shim_strdup (const char *text);
char *dms_shim_printf (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

void dms_shim_buffer_append (DmsShimBuffer *self, const void *bytes, size_t length);
/* The text and its NUL. */
void dms_shim_buffer_append_string (DmsShimBuffer *self, const char *text);
void dms_shim_buffer_append_printf (DmsShimBuffer *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* A JSON string with its quotes. */
void dms_shim_buffer_append_json (DmsShimBuffer *self, const char *text);
void dms_shim_buffer_clear (DmsShimBuffer *self);

/* Whole reads and writes over interruptions. */
bool dms_shim_write_all (int fd, const void *bytes, size_t length);
bool dms_shim_read_all (int fd, DmsShimBuffer *buffer, size_t limit);
bool dms_shim_read_file (const char *path, DmsShimBuffer *buffer, size_t limit);
bool dms_shim_write_file (const char *path, const char *text);
/* A sealed file in memory that holds these bytes, to be inherited; -1 on failure. */
int dms_shim_memfd (const char *name, const void *bytes, size_t length);
/* `64.0 MiB`; the result is owned. */
char *dms_shim_format_size (unsigned long long bytes);
