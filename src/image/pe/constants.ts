// Names and values of Microsoft's PE format specification (winnt.h, winuser.h), as far as they are used here.

/** "MZ" */
export const IMAGE_DOS_SIGNATURE = 0x5a4d
/** "PE\0\0" */
export const IMAGE_NT_SIGNATURE = 0x4550
/** Where a DOS header says that the PE header is. */
export const E_LFANEW = 0x3c
/** FileHeader, machine */
export const IMAGE_FILE_MACHINE_AMD64 = 0x8664
export const IMAGE_FILE_MACHINE_ARM64 = 0xaa64
/** FileHeader, characteristics */
export const IMAGE_FILE_EXECUTABLE_IMAGE = 0x0002
export const IMAGE_FILE_DLL = 0x2000
/** OptionalHeader, magic: PE32+ */
export const IMAGE_NT_OPTIONAL_HDR64_MAGIC = 0x20b
/** OptionalHeader, subsystem */
export const IMAGE_SUBSYSTEM_WINDOWS_GUI = 2
export const IMAGE_SUBSYSTEM_WINDOWS_CUI = 3
/** Of the data directories. */
export const IMAGE_DIRECTORY_ENTRY_RESOURCE = 2
/** The one directory whose address is a file offset: what Authenticode has signed the file with. */
export const IMAGE_DIRECTORY_ENTRY_SECURITY = 4
export const IMAGE_DIRECTORY_ENTRY_BASERELOC = 5
/** SectionHeader, characteristics */
export const IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40
/** Types of resources. */
export const RT_ICON = 3
export const RT_RCDATA = 10
export const RT_GROUP_ICON = 14
export const RT_VERSION = 16
export const RT_MANIFEST = 24
/** A resource of which there is only one. */
export const CREATEPROCESS_MANIFEST_RESOURCE_ID = 1
export const LANG_NEUTRAL = 0
/** English (United States): what the resources of node are in. */
export const LANG_EN_US = 0x409
