/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *
dms_shim_alloc (size_t size)
{
  void *memory = calloc (1, size > 0 ? size : 1);

  if (memory == NULL)
    _exit (70);
  return memory;
}

char *
dms_shim_strdup (const char *text)
{
  size_t length = strlen (text) + 1;
  char *copy = dms_shim_alloc (length);

  memcpy (copy, text, length);
  return copy;
}

char *
dms_shim_printf (const char *format, ...)
{
  char *text = NULL;
  va_list args;
  int length;

  va_start (args, format);
  length = vasprintf (&text, format, args);
  va_end (args);
  if (length < 0)
    _exit (70);
  return text;
}

void
dms_shim_buffer_append (DmsShimBuffer *self, const void *bytes, size_t length)
{
  if (length == 0)
    return;
  if (self->length + length > self->allocated)
    {
      size_t wanted = (self->length + length) * 2;
      char *grown;

      if (wanted < 256)
        wanted = 256;
      grown = realloc (self->data, wanted);
      if (grown == NULL)
        _exit (70);
      self->data = grown;
      self->allocated = wanted;
    }
  memcpy (self->data + self->length, bytes, length);
  self->length += length;
}

void
dms_shim_buffer_append_string (DmsShimBuffer *self, const char *text)
{
  dms_shim_buffer_append (self, text, strlen (text) + 1);
}

void
dms_shim_buffer_append_printf (DmsShimBuffer *self, const char *format, ...)
{
  char *text = NULL;
  va_list args;
  int length;

  va_start (args, format);
  length = vasprintf (&text, format, args);
  va_end (args);
  if (length < 0)
    _exit (70);
  dms_shim_buffer_append (self, text, (size_t) length);
  free (text);
}

void
dms_shim_buffer_append_json (DmsShimBuffer *self, const char *text)
{
  dms_shim_buffer_append (self, "\"", 1);
  for (const unsigned char *c = (const unsigned char *) text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        dms_shim_buffer_append_printf (self, "\\%c", *c);
      else if (*c < 0x20 || *c == 0x7f)
        dms_shim_buffer_append_printf (self, "\\u%04x", *c);
      else
        dms_shim_buffer_append (self, c, 1);
    }
  dms_shim_buffer_append (self, "\"", 1);
}

void
dms_shim_buffer_clear (DmsShimBuffer *self)
{
  free (self->data);
  memset (self, 0, sizeof *self);
}

bool
dms_shim_write_all (int fd, const void *bytes, size_t length)
{
  const char *at = bytes;

  while (length > 0)
    {
      ssize_t n = write (fd, at, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;
      at += n;
      length -= (size_t) n;
    }
  return true;
}

bool
dms_shim_read_all (int fd, DmsShimBuffer *buffer, size_t limit)
{
  char block[16384];

  while (true)
    {
      ssize_t n = read (fd, block, sizeof block);

      if (n == 0)
        return true;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;
      if (buffer->length + (size_t) n > limit)
        {
          errno = EFBIG;
          return false;
        }
      dms_shim_buffer_append (buffer, block, (size_t) n);
    }
}

bool
dms_shim_read_file (const char *path, DmsShimBuffer *buffer, size_t limit)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  bool ok;

  if (fd < 0)
    return false;
  ok = dms_shim_read_all (fd, buffer, limit);
  close (fd);
  dms_shim_buffer_append (buffer, "", 1);
  buffer->length--;
  return ok;
}

bool
dms_shim_write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t n;

  if (fd < 0)
    return false;
  /* One write: files of the kernel take a value whole. */
  n = write (fd, text, strlen (text));
  if (n < 0)
    {
      int saved = errno;

      close (fd);
      errno = saved;
      return false;
    }
  close (fd);
  return true;
}

int
dms_shim_memfd (const char *name, const void *bytes, size_t length)
{
  int fd = memfd_create (name, MFD_ALLOW_SEALING | MFD_CLOEXEC);

  if (fd < 0)
    return -1;
  if (!dms_shim_write_all (fd, bytes, length) || lseek (fd, 0, SEEK_SET) != 0)
    {
      close (fd);
      return -1;
    }
  (void) fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

char *
dms_shim_format_size (unsigned long long bytes)
{
  static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  double value = (double) bytes;
  size_t unit = 0;

  while (value >= 1024.0 && unit + 1 < sizeof units / sizeof units[0])
    {
      value /= 1024.0;
      unit++;
    }
  if (unit == 0)
    return dms_shim_printf ("%llu bytes", bytes);
  return dms_shim_printf ("%.1f %s", value, units[unit]);
}
