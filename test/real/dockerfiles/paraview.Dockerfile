from debian:11-slim as paraview
env	PV_VERSION=5.11.2	PV_PREFIX="/opt/ParaView 5"
arg	OSMESA=ON
run	apt-get -qq update && \
	apt-get -qq install -y libgl1-mesa-dev libosmesa6-dev ninja-build cmake g++ python3-dev libtbb-dev && \
	apt-get -qq clean
add	["https://example.org/paraview/ParaView v5.11.2.tar.xz", "/src/pv.tar.xz"]
workdir	/src/build
run	tar -xJf ../pv.tar.xz -C /src --strip-components=1 && cmake -GNinja .. -DCMAKE_INSTALL_PREFIX="$PV_PREFIX" \
	-DPARAVIEW_USE_QT=OFF -DPARAVIEW_USE_PYTHON=ON -DVTK_OPENGL_HAS_OSMESA=$OSMESA -DVTK_USE_X=OFF && \
	ninja install

from debian:11-slim
copy	--from=paraview ["/opt/ParaView 5/", "/opt/ParaView 5/"]
env	PATH="$PATH:/opt/ParaView 5/bin" PYTHONPATH='/opt/ParaView 5/lib/python3.9/site-packages'
expose	11111
cmd	["pvserver", "--server-port=11111"]
