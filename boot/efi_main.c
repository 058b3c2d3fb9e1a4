/* efi_main.c - the steps from firmware to kernel, in order.
 * Reads \avocet\kernel.elf, \avocet\initramfs.cpio and \avocet\cmdline.txt from the partition that
 * we were started from, makes the record of bootinfo.h, leaves the firmware and enters the kernel.
 * Load options given by the firmware or its shell replace cmdline.txt.
 * Holds:  an error that keeps the kernel from starting is one line, and then we stop. A missing
 *         initramfs is the kernel's to judge: it travels in the record's error text.
 * Read:   load_elf.c, memmap.c, handover.c in the order in which they are called. */
#include <efi.h>
#include <efilib.h>
#include <boot/bootinfo.h>
#include <boot/handover.h>
#include <boot/load_elf.h>
#include <boot/memmap.h>

#define KERNEL_PATH	L"\\avocet\\kernel.elf"
#define INITRAMFS_PATH	L"\\avocet\\initramfs.cpio"
#define CMDLINE_PATH	L"\\avocet\\cmdline.txt"

/* Descriptors that the firmware may add between our asking for the map and our leaving. */
#define MAP_SLACK	32

#define CR4_LA57	(1UL << 12)

struct file {
	UINT8	*data;		/* NULL if there is no such file */
	UINT64	size;		/* bytes */
};

static EFI_SYSTEM_TABLE *system_table;	/* set first of all, never changed */

static void stop(const CHAR16 *what, const CHAR16 *why) __attribute__((noreturn));

static void stop(const CHAR16 *what, const CHAR16 *why)
{
	Print(L"\r\navocet loader: %s: %s\r\n", what, why);
	for (;;)
		__asm__ volatile("hlt");
}

/* Memory for good, below 4 GiB if there is any; @bytes is rounded up to pages. */
static UINT64 allocate(UINT64 bytes, const CHAR16 *what)
{
	EFI_PHYSICAL_ADDRESS addr = 0xffffffffULL;
	UINTN pages = EFI_SIZE_TO_PAGES(bytes);

	if (BS->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, &addr) == EFI_SUCCESS)
		return addr;
	if (BS->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, &addr) == EFI_SUCCESS)
		return addr;
	stop(what, L"not enough memory");
}

static EFI_FILE_HANDLE open_volume(EFI_HANDLE image)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_HANDLE root;

	if (BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded) != EFI_SUCCESS)
		stop(L"firmware", L"does not say where we were loaded from");
	root = LibOpenRoot(loaded->DeviceHandle);
	if (!root)
		stop(L"firmware", L"cannot open the partition that we were loaded from");
	return root;
}

/* Read a whole file; file->data is NULL if it does not exist. Any other failure stops. */
static void read_file(struct file *file, EFI_FILE_HANDLE root, CHAR16 *path)
{
	EFI_FILE_HANDLE handle;
	EFI_FILE_INFO *info;
	EFI_STATUS status;
	UINTN size;

	file->data = NULL;
	file->size = 0;
	status = root->Open(root, &handle, path, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		return;
	info = status == EFI_SUCCESS ? LibFileInfo(handle) : NULL;
	if (!info)
		stop(path, L"cannot be opened");
	size = info->FileSize;
	FreePool(info);
	file->data = (UINT8 *)allocate(size ? size : 1, path);
	file->size = size;
	if (handle->Read(handle, &size, file->data) != EFI_SUCCESS || size != file->size)
		stop(path, L"cannot be read");
	handle->Close(handle);
}

/* Find memory for the kernel, a multiple of 2 MiB, and place it there.
 * Returns: its physical address. */
static UINT64 place_kernel(struct kernel_image *image, const struct file *file)
{
	const CHAR16 *error;
	UINT64 start;

	if (!file->data)
		stop(KERNEL_PATH, L"not found");
	error = kernel_image_parse(image, file->data, file->size);
	if (error)
		stop(KERNEL_PATH, error);
	start = allocate(image->size + BOOT_KERNEL_ALIGN, KERNEL_PATH);
	start = (start + BOOT_KERNEL_ALIGN - 1) & ~(BOOT_KERNEL_ALIGN - 1);
	kernel_image_place(image, (UINT8 *)start);
	return start;
}

static BOOLEAN is_space(CHAR16 c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Firmware puts what it likes into the load options; take them only if they are printable text,
 * and skip a first word that is our own file's name, which the UEFI shell leaves in front.
 * Returns: the text, or NULL. */
static const CHAR16 *load_options(EFI_HANDLE image)
{
	EFI_LOADED_IMAGE *loaded;
	const CHAR16 *text, *word;
	UINTN i, count;

	if (BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded) != EFI_SUCCESS)
		return NULL;
	text = loaded->LoadOptions;
	count = loaded->LoadOptionsSize / sizeof(CHAR16);
	if (!text || !count || text[count - 1])
		return NULL;
	for (i = 0; text[i]; i++)
		if (!is_space(text[i]) && (text[i] < ' ' || text[i] > '~'))
			return NULL;
	word = text;
	while (*text && !is_space(*text))
		text++;
	if (text - word < 4 || (text[-4] != '.') || (text[-3] | 0x20) != 'e')
		text = word;
	while (is_space(*text))
		text++;
	return *text ? text : NULL;
}

/* The command line as one line of text in pool memory; @size counts its terminator. */
static CHAR8 *make_cmdline(EFI_HANDLE image, EFI_FILE_HANDLE root, UINTN *size)
{
	const CHAR16 *options = load_options(image);
	struct file file = { NULL, 0 };
	UINT64 length = 0, i;
	CHAR8 *text;

	if (options)
		length = StrLen(options);
	else
		read_file(&file, root, CMDLINE_PATH);
	if (!options && file.data)
		length = file.size;
	text = AllocatePool(length + 1);
	if (!text)
		stop(CMDLINE_PATH, L"not enough memory");
	for (i = 0; i < length; i++) {
		text[i] = options ? (CHAR8)options[i] : file.data[i];
		if (is_space(text[i]))
			text[i] = ' ';
	}
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	*size = length + 1;
	return text;
}

/* gnu-efi's CompareGuid says 0 for equal before its version 4 and TRUE from then on. */
static BOOLEAN same_guid(const EFI_GUID *a, const EFI_GUID *b)
{
	const UINT8 *x = (const UINT8 *)a, *y = (const UINT8 *)b;
	UINTN i;

	for (i = 0; i < sizeof(*a); i++)
		if (x[i] != y[i])
			return FALSE;
	return TRUE;
}

static UINT64 find_rsdp(void)
{
	EFI_GUID acpi20 = ACPI_20_TABLE_GUID, acpi10 = ACPI_TABLE_GUID;
	UINT64 found = 0;
	UINTN i;

	for (i = 0; i < system_table->NumberOfTableEntries; i++) {
		EFI_CONFIGURATION_TABLE *table = &system_table->ConfigurationTable[i];

		if (same_guid(&table->VendorGuid, &acpi20))
			return (UINT64)table->VendorTable;
		if (same_guid(&table->VendorGuid, &acpi10))
			found = (UINT64)table->VendorTable;
	}
	return found;
}

/* The firmware's screen, if its pixels lie in memory. Where there is none, nothing will be seen of
 * the kernel on this console, so say where it is. */
static void find_framebuffer(struct boot_framebuffer *fb)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;
	EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;

	if (BS->LocateProtocol(&GraphicsOutputProtocol, NULL, (void **)&gop) != EFI_SUCCESS ||
	    gop->Mode->Info->PixelFormat >= PixelBltOnly) {
		Print(L"avocet loader: no frame buffer: the console is on COM1 alone\r\n");
		return;
	}
	mode = gop->Mode->Info;
	fb->base = gop->Mode->FrameBufferBase;
	fb->width = mode->HorizontalResolution;
	fb->height = mode->VerticalResolution;
	fb->stride = mode->PixelsPerScanLine;
}

/* Ask for the map with room for MAP_SLACK more entries, so that asking again needs no memory. */
static void get_first_map(struct efi_map *map, UINTN *capacity)
{
	UINT32 version;
	UINTN size = 0;

	BS->GetMemoryMap(&size, NULL, &map->key, &map->desc_size, &version);
	*capacity = size + MAP_SLACK * map->desc_size;
	map->buffer = AllocatePool(*capacity);
	map->size = *capacity;
	if (!map->buffer || BS->GetMemoryMap(&map->size, (EFI_MEMORY_DESCRIPTOR *)map->buffer,
					     &map->key, &map->desc_size, &version) != EFI_SUCCESS)
		stop(L"firmware", L"gives no memory map");
}

/* Leave the firmware. The map may change while we leave; the second try must then succeed, since
 * a failed try lets us call nothing but GetMemoryMap. */
static void leave_firmware(EFI_HANDLE image, struct efi_map *map, UINTN capacity)
{
	UINT32 version;
	int tries;

	for (tries = 0; tries < 4; tries++) {
		map->size = capacity;
		if (BS->GetMemoryMap(&map->size, (EFI_MEMORY_DESCRIPTOR *)map->buffer, &map->key,
				     &map->desc_size, &version) != EFI_SUCCESS)
			break;
		if (BS->ExitBootServices(image, map->key) == EFI_SUCCESS)
			return;
	}
	stop(L"firmware", L"does not let us go (ExitBootServices)");
}

static void refuse_five_levels(void)
{
	UINT64 cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & CR4_LA57)
		stop(L"firmware", L"runs with 5-level page tables; turn them off in its setup");
}

static void copy_bytes(void *dest, const void *source, UINTN size)
{
	UINTN i;

	for (i = 0; i < size; i++)
		((UINT8 *)dest)[i] = ((const UINT8 *)source)[i];
}

static void fill_record(struct handover *h, const struct file *initramfs, UINT64 kernel,
			const struct kernel_image *image)
{
	static const char missing[] = "the loader found no \\avocet\\initramfs.cpio";
	struct boot_info *info = h->info;

	info->magic = BOOT_INFO_MAGIC;
	info->version = BOOT_INFO_VERSION;
	info->ranges = (UINT64)h->ranges;
	info->phys_base = kernel - image->lma_start;
	info->kernel_start = kernel;
	info->kernel_size = image->size;
	info->cmdline = (UINT64)h->cmdline;
	info->initramfs_start = (UINT64)initramfs->data;
	info->initramfs_size = initramfs->size;
	info->rsdp = find_rsdp();
	info->loader_start = h->start;
	info->loader_size = h->size;
	if (!initramfs->data)
		copy_bytes(info->error, missing, sizeof(missing));
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *table)
{
	struct file kernel_file, initramfs;
	struct boot_framebuffer framebuffer = { 0 };
	struct kernel_image image;
	EFI_FILE_HANDLE root;
	struct handover h;
	struct efi_map map;
	UINTN capacity, cmdline_size, nr_ranges;
	UINT64 kernel;
	CHAR8 *cmdline;

	InitializeLib(handle, table);
	system_table = table;
	BS->SetWatchdogTimer(0, 0, 0, NULL);
	refuse_five_levels();

	root = open_volume(handle);
	read_file(&kernel_file, root, KERNEL_PATH);
	kernel = place_kernel(&image, &kernel_file);
	read_file(&initramfs, root, INITRAMFS_PATH);
	cmdline = make_cmdline(handle, root, &cmdline_size);
	find_framebuffer(&framebuffer);

	get_first_map(&map, &capacity);
	nr_ranges = capacity / map.desc_size;
	handover_measure(&h, cmdline_size, nr_ranges, memmap_end_of_memory(&map));
	handover_layout(&h, allocate(h.size, L"hand-over block"), cmdline_size, nr_ranges);
	handover_build_tables(&h, kernel, image.size);
	copy_bytes(h.cmdline, cmdline, cmdline_size);
	fill_record(&h, &initramfs, kernel, &image);
	h.info->framebuffer = framebuffer;

	leave_firmware(handle, &map, capacity);
	h.info->nr_ranges = memmap_convert(&map, h.ranges);
	handover_jump(&h, image.entry);
}
