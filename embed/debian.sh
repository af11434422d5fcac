# Packages of Debian 13 for the builds beside this file, which read it; it does nothing by itself.
#
# They come through apt, with lists and a cache of our own: no root, no change to the system.
# Signatures are checked as always. Needs $build, $deps and fail().

has_header() {
    local folder
    for folder in "$deps/include" ${CMAKE_PREFIX_PATH:+"${CMAKE_PREFIX_PATH%%:*}/include"} \
        /usr/local/include /usr/include; do
        [ -e "$folder/$1" ] && return
    done
    return 1
}

# Puts the headers of packages into $deps/include, and their licences beside them.
fetch_from_debian() {
    local apt=$build/apt keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get > /dev/null || fail "there is no apt here; install the headers of $* and \
name their place in CMAKE_PREFIX_PATH"
    [ -r "$keyring" ] || fail "$keyring is missing; install debian-archive-keyring, or the headers \
of $* yourself and name their place in CMAKE_PREFIX_PATH"
    rm -rf "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb [signed-by=$keyring] http://deb.debian.org/debian trixie main" > "$apt/sources.list"
    local options=(-qq -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists"
        -o "Dir::State::status=/dev/null" -o "Dir::Cache=$apt/cache"
        -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=-"
        -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update || fail "apt could not read the packages of Debian 13"
    (cd "$apt" && apt-get "${options[@]}" download "$@") || fail "apt could not fetch $*"
    unpack "$apt"
}

unpack() {
    local package
    for package in "$1"/*.deb; do
        dpkg-deb -x "$package" "$1/tree"
    done
    mkdir -p "$deps/include" "$deps/licences"
    cp -r "$1"/tree/usr/include/. "$deps/include/"
    for package in "$1"/tree/usr/share/doc/*/copyright; do
        cp "$package" "$deps/licences/$(basename "$(dirname "$package")")"
    done
    rm -rf "$1"
}
